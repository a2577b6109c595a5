// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom ctfull guard bans (tools/ctfull/offenders.c), and what networks are
 * (tools/ctfull/nets.c): plain values
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "../../tools/ctfull/offenders.h"
#include "../../tools/lib/program.h"
#include "tap.h"

#define WHOLE	1000		/* entries that the table can hold */
#define OWN	"own"

/* What the table has, the most entries first; ends with no source */
struct holder {
	const char *source;	/* ADDRESS or ADDRESS/BITS */
	unsigned int entries, zone;
	bool split;
};

static struct key key_of(const char *text, unsigned int zone)
{
	struct nets nets = { 0 };
	struct key key;

	nets_parse(&nets, "test", text);
	key = nets.list[0].key;
	/* A single address has no bits where entries are counted. */
	if (!strchr(text, '/'))
		key.bits = 0;
	key.zone = zone;
	nets_free(&nets);
	return key;
}

static struct judgment judgment(const char *own, const char *never)
{
	struct judgment how = {
		.min_share = 10, .prefix6 = 64, .ipv4 = true, .ipv6 = true,
	};

	if (own)
		nets_parse(&how.own, OWN, own);
	if (never)
		nets_parse(&how.never, "--never", never);
	return how;
}

/* Who is to be banned, and in brackets who is spared and the first words of why */
static char *judge(const struct judgment *how, const struct holder *holders)
{
	struct offender offenders[OFFENDERS_MAX];
	const struct slot *top[OFFENDERS_MAX];
	struct slot slots[OFFENDERS_MAX];
	char source[KEY_LEN];
	static char text[1024];
	unsigned int n, i;
	size_t len = 0;

	for (n = 0; holders[n].source; n++) {
		slots[n] = (struct slot){
			.key = key_of(holders[n].source, holders[n].zone),
			.entries = holders[n].entries,
			.split = holders[n].split,
		};
		top[n] = &slots[n];
	}
	n = find_offenders(how, top, n, WHOLE, offenders);
	*text = 0;
	for (i = 0; i < n; i++)
		len += snprintf(text + len, sizeof(text) - len,
				offenders[i].spared ? "%s(%s: %.13s)" : "%s%s", i ? " " : "",
				key_text(&offenders[i].source, source), offenders[i].spared);
	return text;
}

static void is(const char *got, const char *wanted, const char *what)
{
	ok(!strcmp(got, wanted), "%s", what);
	if (strcmp(got, wanted))
		printf("# got: %s\n# wanted: %s\n", got, wanted);
}

static void test_share(void)
{
	static const struct holder holders[] = {
		{ "10.0.0.1", 500, 0, false }, { "10.0.0.2", 100, 0, false },
		{ "10.0.0.3", 99, 0, false }, { "10.0.0.4", 1, 0, false }, { 0 },
	};
	static const struct holder all = { 0 };
	struct judgment how = judgment(NULL, NULL);

	is(judge(&how, holders), "10.0.0.1 10.0.0.2", "10% of 1000 are 100, not 99");
	how.min_share = 50;
	is(judge(&how, holders), "10.0.0.1", "50%: exactly half is too much");
	how.min_share = 51;
	is(judge(&how, holders), "", "51%: nobody");
	how.min_share = 1;
	is(judge(&how, holders), "10.0.0.1 10.0.0.2 10.0.0.3", "1%: all but one entry");
	is(judge(&how, &all), "", "an empty table");
}

static void test_large(void)
{
	struct judgment how = judgment(NULL, NULL);
	struct slot slot = { .key = key_of("10.0.0.1", 0), .entries = INT32_MAX };
	const struct slot *top[] = { &slot };
	struct offender offender;

	ok(find_offenders(&how, top, 1, UINT32_MAX, &offender) == 1, "half of 2^32 entries");
	slot.entries = UINT32_MAX / 10;
	ok(find_offenders(&how, top, 1, UINT32_MAX, &offender) == 0,
	   "one less than a tenth of 2^32");
}

static void test_zones(void)
{
	static const struct holder holders[] = {
		{ "10.0.0.1", 300, 7, false }, { "10.0.0.1", 200, 0, false },
		{ "10.0.0.2", 100, 8, false }, { 0 },
	};
	struct judgment how = judgment(NULL, NULL);

	is(judge(&how, holders),
	   "(10.0.0.1: it is of anot) 10.0.0.1 (10.0.0.2: it is of anot)",
	   "zone 0: the same address of another zone is not banned");
	how.zone = 7;
	is(judge(&how, holders),
	   "10.0.0.1 (10.0.0.1: it is of anot) (10.0.0.2: it is of anot)", "zone 7: that one");
}

static void test_spared(void)
{
	static const struct holder holders[] = {
		{ "10.0.0.1", 200, 0, false }, { "10.0.1.1", 200, 0, false },
		{ "10.0.2.1", 200, 0, false }, { "2001:db8::/64", 200, 0, false }, { 0 },
	};
	struct judgment how = judgment("10.0.0.0/24", "10.0.1.1,10.0.0.1");

	is(judge(&how, holders), "(10.0.0.1: own) (10.0.1.1: --never) 10.0.2.1 2001:db8::/64",
	   "own addresses, and --never");
	how.ipv6 = false;
	is(judge(&how, holders),
	   "(10.0.0.1: own) (10.0.1.1: --never) 10.0.2.1 (2001:db8::/64: there is no -)",
	   "no set for IPv6");
	how.ipv6 = true;
	how.ipv4 = false;
	is(judge(&how, holders),
	   "(10.0.0.1: own) (10.0.1.1: --never) (10.0.2.1: there is no -) 2001:db8::/64",
	   "no set for IPv4");
	nets_free(&how.own);
	nets_free(&how.never);
	how = judgment(NULL, "0.0.0.0/0,2001:db8::/48");
	is(judge(&how, holders),
	   "(10.0.0.1: --never) (10.0.1.1: --never) (10.0.2.1: --never) (2001:db8::/64: --never)",
	   "--never: all IPv4 addresses, and a larger IPv6 network");
	nets_free(&how.never);
}

static void test_split(void)
{
	static const struct holder one[] = {
		{ "2001:db8::/64", 400, 0, true }, { "2001:db8::1", 200, 0, false },
		{ "2001:db8::2", 99, 0, false }, { 0 },
	};
	static const struct holder none[] = {
		{ "2001:db8::/64", 400, 0, true }, { "2001:db8::1", 99, 0, false }, { 0 },
	};
	static const struct holder other_zone[] = {
		{ "2001:db8::/64", 400, 0, true }, { "2001:db8::1", 200, 7, false }, { 0 },
	};
	static const struct holder other_net[] = {
		{ "2001:db8::/64", 400, 0, true }, { "2001:db9::1", 200, 0, false }, { 0 },
	};
	struct judgment how = judgment(NULL, "2001:db8::3");

	is(judge(&how, one), "2001:db8::1", "a split network: its offender is banned instead");
	is(judge(&how, none), "(2001:db8::/64: an address in)", "and none of its addresses is one");
	is(judge(&how, other_zone), "(2001:db8::/64: an address in) (2001:db8::1: it is of anot)",
	   "and an address of it is one in another zone");
	is(judge(&how, other_net), "(2001:db8::/64: an address in) 2001:db9::1",
	   "and an address of another network is one");
	nets_free(&how.never);
}

/* The networks that are split, as text */
static char *split(const struct judgment *how)
{
	char source[KEY_LEN];
	static char text[1024];
	unsigned int n, i;
	struct key *list;
	size_t len = 0;

	list = networks_to_split(how, &n);
	*text = 0;
	for (i = 0; i < n; i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%s@%u", i ? " " : "",
				key_text(&list[i], source), list[i].zone);
	free(list);
	return text;
}

static void test_networks_to_split(void)
{
	struct judgment how = judgment("10.0.0.1,fd00::1,fd00:1::/64",
				       "2001:db8:1:2::/65,2001:db8::/32,::/0,2001:db8:9::9");

	how.zone = 3;
	is(split(&how), "fd00::/64@3 2001:db8:1:2::/64@3 2001:db8:9::/64@3",
	   "split: networks of 64 bits with a smaller one in them that is never banned");
	how.prefix6 = 48;
	is(split(&how), "fd00::/48@3 fd00:1::/48@3 2001:db8:1::/48@3 2001:db8:9::/48@3",
	   "the same with 48 bits");
	how.prefix6 = 128;
	is(split(&how), "", "single addresses: none");
	nets_free(&how.own);
	nets_free(&how.never);
}

static void test_nets(void)
{
	static const struct {
		const char *nets, *key;
		bool found;
	} cases[] = {
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.1.2.3/8", "10.9.9.9", true },
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "0.0.0.0/0", "192.0.2.1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
		{ "::ffff:10.0.3.0/120", "10.0.3.77", true },
		{ "::ffff:10.0.3.0/120", "10.0.4.77", false },
		{ "::ffff:0.0.0.0/96", "192.0.2.1", true },
		{ "2001:db8::/64", "2001:db8::/64", true },
		{ "2001:db8::/64", "2001:db8::/63", false },
		{ "2001:db8::/33", "2001:db8:7fff::/64", true },
		{ "2001:db8::/33", "2001:db8:8000::/64", false },
		{ "192.0.2.1,2001:db8::1", "2001:db8::1", true },
	};
	struct nets nets = { 0 };
	unsigned int i;
	struct key key;
	bool found;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		nets_parse(&nets, "test", cases[i].nets);
		key = key_of(cases[i].key, 5);
		found = nets_find(&nets, &key);
		ok(found == cases[i].found, "%s in %s: %d", cases[i].key, cases[i].nets, found);
		nets_free(&nets);
	}
	key = key_of("10.0.0.1", 0);
	ok(!nets_find(&nets, &key), "nothing is in an empty list");
}

int main(void)
{
	test_share();
	test_large();
	test_zones();
	test_spared();
	test_split();
	test_networks_to_split();
	test_nets();
	return finish();
}
