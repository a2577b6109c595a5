// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull guard - bans, in a set of nftables, who holds too much of a table that fills
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include "ctfull.h"

static const char usage[] =
	"usage: ctfull guard --table FAMILY/TABLE --set NAME [OPTION]...\n"
	"\n"
	"Waits until the connection tracking table fills up, then puts the sources that hold\n"
	"too much of it into a set of nftables, for a while. Rules say what becomes of them.\n"
	"\n"
	"  -t, --table FAMILY/TABLE  where the sets are, such as inet/filter\n"
	"  -s, --set NAME            a set of type ipv4_addr with \"flags timeout\", or of type\n"
	"                            ipv6_addr with \"flags timeout, interval\"; may be given\n"
	"                            twice, once for each type\n"
	"  -T, --timeout TIME        a ban ends after so long: 30s, 10m, 2h or 1d [10m]\n"
	"  -m, --min-share P%        too much is so much of the table, 1% to 100% [10%]\n"
	"  -6, --prefix6 N           IPv6 sources are networks of so many bits [64]\n"
	"  -z, --zone N              only who holds entries of this zone [0]\n"
	"  -r, --replied             count entries that have seen a reply; the default\n"
	"  -u, --unreplied           count all entries: who forges an address gets it banned\n"
	"  -n, --never NET[,NET]...  never ban these addresses; this machine's own never are\n"
	"  -e, --evict               delete the entries of who is banned\n"
	"  -x, --exec COMMAND        run this for each ban; see ctfull(8)\n"
	"  -i, --interval SEC        look again so often until there is room [5]\n"
	"  -d, --dry-run             say what would be done, and do nothing\n"
	"  -j, --json                as JSON, an object a line\n";

static const struct option options[] = {
	{ "table", required_argument, NULL, 't' },
	{ "set", required_argument, NULL, 's' },
	{ "timeout", required_argument, NULL, 'T' },
	{ "min-share", required_argument, NULL, 'm' },
	{ "prefix6", required_argument, NULL, '6' },
	{ "zone", required_argument, NULL, 'z' },
	{ "replied", no_argument, NULL, 'r' },
	{ "unreplied", no_argument, NULL, 'u' },
	{ "never", required_argument, NULL, 'n' },
	{ "evict", no_argument, NULL, 'e' },
	{ "exec", required_argument, NULL, 'x' },
	{ "interval", required_argument, NULL, 'i' },
	{ "dry-run", no_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/*
 * More sources cannot have 1% each, but the addresses of an IPv6 network count beside
 * it; and a little for a limit that was lowered
 */
#define OFFENDERS_MAX		256

/* Deletions that are under way at once: their answers fit in the receive buffer */
#define EVICT_BATCH		64

/* Not more often than so, however often the level changes */
#define ROUND_GAP_MS		500

/* Nobody tells when the last rule goes: so many intervals until it is noticed */
#define IDLE_INTERVALS		10

#define PREFIX6			64
#define LONGEST_NAME		"a name has up to 255 characters"
#define TAKES_NETWORKS		"make it with \"flags timeout, interval\""

#define NOTES_MAX		256

/* Each offender's of this round and of the last one, and a few that are nobody's */
#define TROUBLES_MAX		(2 * OFFENDERS_MAX + 16)

struct offender {
	struct key key;
	uint32_t entries;
	bool split;		/* its addresses are judged one by one */
	bool evict;
	unsigned int evicted, kept;
};

/* What was said, and is not to be said again before @until */
struct note {
	struct key key;
	long long until;
};

/* What was said, and is not to be said again while it is so in each round */
struct trouble {
	char text[256];
	unsigned int round;
};

static struct nftable nftable;
static struct nftset sets[2];
static unsigned int n_sets;
static unsigned int timeout_s = 600;
static unsigned int min_share = 10;
static unsigned int prefix6;		/* 0: not given */
static unsigned int zone;
static unsigned int interval_s = 5;
static struct nets never;
static bool unreplied, evict, dry_run, json_lines;
static const char *command_line;

static struct events events;
static struct nl nf, deleting;

static long long due;			/* the next look, in ms */
static long long last_look;
static unsigned int rounds = 1;
static uint32_t level;
static bool busy;			/* the last look was one to judge after */
static bool without_rules;		/* that was said */
static bool refused_known;
static uint64_t refused;		/* at the last look */
static struct trouble troubles[TROUBLES_MAX];
static struct note notes[NOTES_MAX];
static struct offender offenders[OFFENDERS_MAX];
static unsigned int n_offenders;

/* A reader that has gone is no reason to stop guarding. Frees @json. */
static void say(json_t *json, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(json_t *json, const char *format, ...)
{
	va_list args;

	if (json_lines) {
		if (!json)
			no_memory();
		json_dumpf(json, stdout, JSON_COMPACT | JSON_DIGITS);
	} else {
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
	}
	putchar('\n');
	fflush(stdout);
	clearerr(stdout);
	json_decref(json);
}

/* Does not say the same each round, also if there are several such */
static void trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void trouble(const char *format, ...)
{
	struct trouble *oldest = troubles, *at;
	char text[sizeof(oldest->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (at = troubles; at < troubles + TROUBLES_MAX; at++) {
		if (at->round + 1 >= rounds && !strcmp(at->text, text)) {
			at->round = rounds;
			return;
		}
		if (at->round < oldest->round)
			oldest = at;
	}
	memcpy(oldest->text, text, sizeof(text));
	oldest->round = rounds;
	complain("%s", text);
}

/* Is @key new to this list? Then it is put there, in place of what is oldest. */
static bool note(const struct key *key)
{
	long long now = now_ms();
	struct note *oldest = notes;
	unsigned int i;

	for (i = 0; i < NOTES_MAX; i++) {
		if (notes[i].until > now && !memcmp(&notes[i].key, key, sizeof(*key)))
			return false;
		if (notes[i].until < oldest->until)
			oldest = &notes[i];
	}
	oldest->key = *key;
	oldest->until = now + timeout_s * 1000LL;
	return true;
}

/* --- Deleting entries --- */

/* Deletions that were not sent yet */
static struct {
	char buf[1 << 15] __attribute__((aligned(8)));
	size_t len;
	unsigned int n;
	struct offender *of[EVICT_BATCH];
	int error;		/* of one that failed */
} batch;

/*
 * An entry that has gone by itself does not count. One that cannot be deleted keeps no
 * other from being deleted.
 */
static int send_batch(void)
{
	uint32_t seq = deleting.seq - batch.n;
	unsigned int i;
	int ret;

	if (!batch.n)
		return 0;
	if (mnl_socket_sendto(deleting.sock, batch.buf, batch.len) < 0)
		return -errno;
	for (i = 0; i < batch.n; i++) {
		ret = nl_answer(&deleting, ++seq, NULL, NULL);
		if (!ret) {
			batch.of[i]->evicted++;
		} else if (ret != -ENOENT) {
			batch.of[i]->kept++;
			batch.error = ret;
		}
		/* Here the answers are lost, too */
		if (ret == -ENOBUFS)
			break;
	}
	batch.n = 0;
	batch.len = 0;
	return 0;
}

/* The tuple of the original direction, its zone, and the id, so that it is no other */
static void put_deletion(const struct nlmsghdr *entry, struct offender *offender)
{
	struct nf_conntrack *ct = nfct_new(), *original = nfct_new();
	struct nlmsghdr *nlh;
	static const int zones[] = { ATTR_ZONE, ATTR_ORIG_ZONE };
	unsigned int i;

	if (!ct || !original)
		no_memory();
	nlh = nf_message(batch.buf + batch.len, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE,
			 NLM_F_ACK, offender->key.family);
	if (nfct_nlmsg_parse(entry, ct) < 0)
		goto out;
	nfct_copy(original, ct, NFCT_CP_ORIG);
	for (i = 0; i < ARRAY_SIZE(zones); i++)
		if (nfct_attr_is_set(ct, zones[i]) > 0)
			nfct_set_attr_u16(original, zones[i], nfct_get_attr_u16(ct, zones[i]));
	if (nfct_nlmsg_build(nlh, original) < 0)
		goto out;
	if (nfct_attr_is_set(ct, ATTR_ID) > 0)
		mnl_attr_put_u32(nlh, CTA_ID, htonl(nfct_get_attr_u32(ct, ATTR_ID)));
	nlh->nlmsg_seq = ++deleting.seq;
	batch.of[batch.n++] = offender;
	batch.len += nlh->nlmsg_len;
out:
	nfct_destroy(original);
	nfct_destroy(ct);
}

static int evict_cb(const struct nlmsghdr *nlh, void *data __attribute__((unused)))
{
	/* All of them, also those that did not count */
	static const struct counting how = { .by = BY_SRC, .zones = true };
	struct key key;
	unsigned int i;
	uint32_t id;

	if (!key_parse(nlh, &how, &key, &id))
		return 0;
	for (i = 0; i < n_offenders; i++)
		if (offenders[i].evict && offenders[i].key.number == key.number &&
		    key_within(&key, &offenders[i].key))
			break;
	if (i == n_offenders)
		return 0;
	put_deletion(nlh, &offenders[i]);
	return batch.n == EVICT_BATCH ? send_batch() : 0;
}

static void evict_offenders(void)
{
	struct offender *offender;
	char source[KEY_LEN];
	int ret;

	batch.n = 0;
	batch.len = 0;
	ret = nl_open(&deleting, NETLINK_NETFILTER);
	if (!ret)
		ret = conntrack_dump(&nf, AF_UNSPEC, evict_cb, NULL);
	if (!ret)
		ret = send_batch();
	nl_close(&deleting);
	if (ret)
		trouble("--evict: %s", conntrack_error(ret));
	for (offender = offenders; offender < offenders + n_offenders; offender++) {
		key_text(&offender->key, source);
		if (offender->kept)
			trouble("--evict %s: some entries cannot be deleted: %s", source,
				conntrack_error(batch.error));
		if (!offender->evicted)
			continue;
		say(json_pack("{s:s, s:s, s:i, s:I}", "event", "evict", "source", source,
			      "zone", offender->key.number,
			      "entries", (json_int_t)offender->evicted),
		    "evict %s: %u entries", source, offender->evicted);
	}
}

/* --- A round --- */

static const struct nftset *set_for(const struct key *key)
{
	unsigned int i;

	for (i = 0; i < n_sets; i++)
		if (sets[i].family == key->family)
			return &sets[i];
	return NULL;
}

/*
 * Finds out what @set is. @bits, how many of an IPv6 address count, become all if it takes
 * no networks. With an error, it is not used, and @why says more; with -EINVAL or -EPERM it
 * does not become right by itself.
 */
static int look_up_set(struct nftset *set, unsigned int *bits, char *why, size_t size)
{
	int ret = nftset_look_up(&nf, &nftable, set, why, size);

	if (ret)
		return ret;
	if (set != sets && set->family == sets->family) {
		snprintf(why, size,
			 "--set %s: is for the same addresses as %s; ipv4_addr and ipv6_addr are needed",
			 set->name, sets->name);
		ret = -EINVAL;
	} else if (set->family == NFPROTO_IPV6 && !set->interval && *bits != 128) {
		if (prefix6) {
			snprintf(why, size,
				 "--prefix6 %u: --set %s takes no networks; " TAKES_NETWORKS,
				 prefix6, set->name);
			ret = -EINVAL;
		} else {
			*bits = 128;
		}
	}
	if (ret)
		set->family = 0;
	return ret;
}

/*
 * Finds out what the sets are, and how many bits of an IPv6 address count. One that cannot
 * be used is told, and keeps no other from being used. Returns how many can be.
 */
static unsigned int look_up_sets(unsigned int *bits)
{
	struct nftset *set;
	unsigned int n = 0;
	char why[512];

	*bits = prefix6 ? prefix6 : PREFIX6;
	for (set = sets; set < sets + n_sets; set++) {
		if (look_up_set(set, bits, why, sizeof(why)))
			trouble("%s", why);
		else
			n++;
	}
	return n;
}

static const char *zone_text(const struct key *key, char *text, size_t size)
{
	snprintf(text, size, key->number ? " in zone %u" : "", key->number);
	return text;
}

static void run_command(const struct offender *offender, const char *source,
			const char *share)
{
	char entries[16], in_zone[16];
	const struct variable variables[] = {
		{ "CTFULL_SOURCE", source },
		{ "CTFULL_SHARE", share },
		{ "CTFULL_ENTRIES", entries },
		{ "CTFULL_LEVEL", level_name(level) },
		{ "CTFULL_ZONE", in_zone },
	};

	snprintf(entries, sizeof(entries), "%u", offender->entries);
	snprintf(in_zone, sizeof(in_zone), "%u", offender->key.number);
	command_run(command_line, source, variables, ARRAY_SIZE(variables));
}

static void told(const struct offender *offender, uint64_t of)
{
	unsigned int share = per_mille(offender->entries, of);
	char source[KEY_LEN], percent[16], in_zone[16];

	key_text(&offender->key, source);
	snprintf(percent, sizeof(percent), "%u.%u", share / 10, share % 10);
	say(json_pack("{s:s, s:s, s:i, s:i, s:o, s:f, s:I, s:I, s:s, s:b}", "event", "ban",
		      "source", source, "zone", offender->key.number,
		      "timeout", (int)timeout_s,
		      "set", json_name(set_for(&offender->key)->name), "percent", share / 10.0,
		      "entries", (json_int_t)offender->entries, "of", (json_int_t)of,
		      "level", level_name(level), "dry_run", dry_run),
	    "%sban %s%s for %us: %s%% of the table (%u of %llu entries), level %s",
	    dry_run ? "would " : "", source,
	    zone_text(&offender->key, in_zone, sizeof(in_zone)), timeout_s, percent,
	    offender->entries, (unsigned long long)of, level_name(level));
	if (dry_run && evict)
		say(json_pack("{s:s, s:s, s:i, s:I, s:b}", "event", "evict", "source", source,
			      "zone", offender->key.number,
			      "entries", (json_int_t)offender->entries, "dry_run", true),
		    "would evict %s: %u entries", source, offender->entries);
	if (!dry_run && command_line)
		run_command(offender, source, percent);
}

static void spared(const struct offender *offender, uint64_t of, const char *why)
{
	unsigned int share = per_mille(offender->entries, of);
	char source[KEY_LEN], in_zone[16];

	if (!note(&offender->key))
		return;
	key_text(&offender->key, source);
	say(json_pack("{s:s, s:s, s:i, s:f, s:I, s:I, s:s}", "event", "spare",
		      "source", source, "zone", offender->key.number,
		      "percent", share / 10.0, "entries", (json_int_t)offender->entries,
		      "of", (json_int_t)of, "why", why),
	    "spare %s%s, which has %u.%u%% of the table (%u of %llu entries): %s", source,
	    zone_text(&offender->key, in_zone, sizeof(in_zone)), share / 10, share % 10,
	    offender->entries, (unsigned long long)of, why);
}

static const char *ban_error(int error)
{
	switch (error) {
	case -ENFILE:
	case -ENOSPC:
		return "it is full; make it with a larger \"size\"";
	case -EEXIST:
		return "some of these addresses are in it already; take them out";
	}
	return strerror(-error);
}

/* Puts all in the sets, in one transaction; if that fails, each on its own. */
static void put_in_sets(struct offender **banned, unsigned int n, uint64_t of)
{
	struct nftset_item items[OFFENDERS_MAX];
	char source[KEY_LEN];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < n; i++) {
		items[i].set = set_for(&banned[i]->key);
		items[i].key = &banned[i]->key;
	}
	if (!dry_run)
		ret = nftset_add(&nf, &nftable, items, n, timeout_s * 1000ULL);
	for (i = 0; i < n; i++) {
		int error = ret;

		if (ret && n > 1)
			error = nftset_add(&nf, &nftable, &items[i], 1, timeout_s * 1000ULL);
		/* Somebody else was first, or has put only a part of it there. */
		if (error == -EEXIST && nftset_has(&nf, &nftable, items[i].set,
						   items[i].key) == 1)
			error = 0;
		if (error == -EEXIST)
			trouble("cannot ban %s: --set %s: %s",
				key_text(&banned[i]->key, source), items[i].set->name,
				ban_error(error));
		else if (error)
			trouble("cannot ban: --set %s: %s", items[i].set->name,
				ban_error(error));
		if (error)
			continue;
		banned[i]->evict = evict && !dry_run;
		told(banned[i], of);
	}
}

/*
 * The IPv6 networks of @bits that an address of @nets is in. They are not banned as
 * a whole, so their addresses count, too.
 */
static struct key *networks_to_split(const struct nets *nets, unsigned int bits,
				     struct key *list, unsigned int *n)
{
	unsigned int i;

	list = reallocarray(list, *n + nets->n + 1, sizeof(*list));
	if (!list)
		no_memory();
	for (i = 0; i < nets->n; i++) {
		const struct net *net = &nets->list[i];

		if (net->all || net->key.family != NFPROTO_IPV6 || key_bits(&net->key) <= bits)
			continue;
		list[*n] = net->key;
		key_mask(&list[*n], bits);
		list[(*n)++].number = zone;
	}
	return list;
}

/* Is no TCP connection known to be no forgery? What cannot be read is taken for yes. */
static bool tcp_is_liberal(void)
{
	int ret;

	if (unreplied)
		return false;
	ret = conntrack_liberal();
	if (ret < 0)
		trouble("TCP counts with --unreplied only: nf_conntrack_tcp_be_liberal: %s",
			strerror(-ret));
	else if (ret)
		trouble("%s",
			"TCP counts with --unreplied only: nf_conntrack_tcp_be_liberal is 1, so that a connection can be forged");
	return ret;
}

/* Those that hold so much of @of entries that they are to be banned */
static int find_offenders(uint32_t max, const struct nets *own, unsigned int bits, uint64_t *of)
{
	struct counting how = { .by = BY_SRC, .zones = true, .replied = !unreplied };
	const struct slot *top[OFFENDERS_MAX];
	static struct table table;
	struct key *split = NULL;
	unsigned int found, i;
	int ret;

	n_offenders = 0;
	how.liberal = tcp_is_liberal();
	if (bits < 128) {
		how.prefix6 = bits;
		split = networks_to_split(own, bits, split, &how.n_split);
		split = networks_to_split(&never, bits, split, &how.n_split);
		how.split = split;
	}
	ret = table_read(&table, &nf, &how);
	free(split);
	/* What came twice would be banned at half the share. */
	if (!ret && table.approximate)
		ret = -EAGAIN;
	if (ret)
		goto out;
	/* Of the limit: not of the entries, or evicting one would make others' share grow */
	*of = max ? max : table.total;
	found = table_top(&table, top, OFFENDERS_MAX);
	for (i = 0; i < found && top[i]->entries * 100ULL >= *of * min_share; i++)
		offenders[n_offenders++] = (struct offender){
			.key = top[i]->key,
			.entries = top[i]->entries,
			.split = top[i]->split,
		};
out:
	table_free(&table);
	return ret;
}

/* Is one of a network's addresses an offender, too? */
static bool has_offender(const struct offender *network)
{
	unsigned int i;

	for (i = 0; i < n_offenders; i++)
		if (!offenders[i].split && offenders[i].key.number == network->key.number &&
		    key_within(&offenders[i].key, &network->key))
			return true;
	return false;
}

/* Why an offender is not to be banned, or NULL */
static const char *why_spared(const struct offender *offender, const struct nets *own)
{
	const struct net *net;

	if (offender->key.number != zone)
		return "it is of another zone than --zone";
	net = nets_find(own, &offender->key);
	if (!net)
		net = nets_find(&never, &offender->key);
	if (net)
		return net->why;
	if (offender->split)
		return "who is never banned is in it, and no other address of it has so much";
	if (!set_for(&offender->key))
		return "no --set is for such addresses";
	return NULL;
}

static void judge_offenders(const struct nets *own, uint64_t of)
{
	struct offender *banned[OFFENDERS_MAX];
	unsigned int n = 0, i;
	bool evicting = false;
	const char *why;

	for (i = 0; i < n_offenders; i++) {
		struct offender *offender = &offenders[i];

		if (offender->split && has_offender(offender))
			continue;
		why = why_spared(offender, own);
		if (why) {
			spared(offender, of, why);
		} else if (nftset_has(&nf, &nftable, set_for(&offender->key),
				      &offender->key) == 1) {
			/* By this or by another guard, or by hand */
			offender->evict = evict && !dry_run;
		} else if (!dry_run || note(&offender->key)) {
			banned[n++] = offender;
		}
	}
	if (n)
		put_in_sets(banned, n, of);
	for (i = 0; i < n_offenders; i++)
		evicting |= offenders[i].evict;
	if (evicting)
		evict_offenders();
}

/* One that nobody can be banned without knowing is read in each round anew. */
static void judge(uint32_t max)
{
	struct nets own = { 0 };
	unsigned int bits;
	uint64_t of;
	int ret;

	ret = nets_local(&own);
	if (ret) {
		trouble("cannot read this machine's addresses: %s", strerror(-ret));
		goto out;
	}
	if (own.catch_all)
		trouble("a local route for everything, in table %u, as TPROXY has: spares nobody",
			own.catch_all);
	if (!look_up_sets(&bits))
		goto out;
	ret = find_offenders(max, &own, bits, &of);
	if (ret == -EAGAIN)
		trouble("the table's hash is resized while it is read: nobody is banned");
	else if (ret)
		trouble("%s", conntrack_error(ret));
	else
		judge_offenders(&own, of);
out:
	nets_free(&own);
}

/* --- When to look --- */

/* Without rules the kernel tells nobody; a limit and a count there always are. */
static int read_figures(struct report *figures)
{
	int ret = -ENOENT;

	/* Not asked for where it is not, which could load it */
	if (events.present)
		ret = ctfull_read(figures, NULL, 0);
	if (ret != -ENOENT)
		return ret;
	memset(figures, 0, sizeof(*figures));
	ret = nl_open(&nf, NETLINK_NETFILTER);
	if (!ret)
		ret = conntrack_limits(&nf, &figures->count, &figures->max);
	nl_close(&nf);
	if (!figures->max)
		figures->level = CTFULL_LEVEL_NORMAL;
	else if (figures->count >= figures->max)
		figures->level = CTFULL_LEVEL_FULL;
	else if (figures->count * 100ULL >= figures->max * (uint64_t)XT_CTFULL_WARN_AT)
		figures->level = CTFULL_LEVEL_WARNING;
	return ret;
}

static void tell_of_rules(bool there)
{
	if (!there && !without_rules)
		complain("no rule with -j CTFULL in this namespace: looking each %u s",
			 interval_s);
	else if (there && without_rules)
		complain("a rule with -j CTFULL is there");
	without_rules = !there;
}

/* Is there something to do? Then does it. */
static void look(void)
{
	struct report figures;
	int ret;

	last_look = now_ms();
	ret = read_figures(&figures);
	if (ret) {
		rounds++;
		trouble("%s", events.present ? ctfull_error(ret) : conntrack_error(ret));
		due = now_ms() + interval_s * 1000LL;
		return;
	}
	tell_of_rules(figures.rules);
	level = figures.level;
	/* A reserve refuses while there is room for others, and the level may be normal. */
	busy = level != CTFULL_LEVEL_NORMAL || (refused_known && figures.refused > refused);
	refused = figures.refused;
	refused_known = true;
	if (busy) {
		rounds++;
		ret = nl_open(&nf, NETLINK_NETFILTER);
		if (ret)
			trouble("%s", strerror(-ret));
		else
			judge(figures.max);
		nl_close(&nf);
	} else {
		/* What is wrong is told again the next time. */
		rounds += 2;
	}
	due = now_ms() + interval_s * 1000LL * (busy || !figures.rules ? 1 : IDLE_INTERVALS);
}

static void wake(void)
{
	long long soon = last_look + ROUND_GAP_MS;

	if (due > soon)
		due = soon;
}

static void on_event(const struct report *event, uint64_t lost,
		     void *data __attribute__((unused)))
{
	/* Refused while all is well: word of the level was lost, or it is a reserve's. */
	if (lost || (event->cmd == CTFULL_CMD_REFUSED && !busy) ||
	    (event->cmd == CTFULL_CMD_LEVEL && event->level != CTFULL_LEVEL_NORMAL))
		wake();
}

/* --- Options --- */

static void parse_table(const char *text)
{
	static const struct {
		const char *name;
		uint8_t family;
	} families[] = {
		{ "ip", NFPROTO_IPV4 },
		{ "ip6", NFPROTO_IPV6 },
		{ "inet", NFPROTO_INET },
		{ "bridge", NFPROTO_BRIDGE },
		{ "netdev", NFPROTO_NETDEV },
	};
	const char *slash = strchr(text, '/');
	uint8_t family = 0;
	unsigned int i;

	for (i = 0; slash && i < ARRAY_SIZE(families); i++)
		if (strlen(families[i].name) == (size_t)(slash - text) &&
		    !strncmp(text, families[i].name, slash - text))
			family = families[i].family;
	if (!family || !slash[1])
		die("--table %s: FAMILY/TABLE is needed; FAMILY: ip, ip6, inet, bridge, netdev",
		    text);
	if (strlen(slash + 1) >= sizeof(nftable.name))
		die("--table %s: is too long; " LONGEST_NAME, text);
	if (nftable.family)
		die("--table %s: is the second; all sets are in one table", text);
	nftable.family = family;
	nftable.text = text;
	snprintf(nftable.name, sizeof(nftable.name), "%s", slash + 1);
}

static void parse_set_name(const char *text)
{
	if (n_sets == 2)
		die("--set %s: is the third; one of ipv4_addr and one of ipv6_addr can be used",
		    text);
	if (!*text)
		die("--set: the name of a set is needed");
	if (strlen(text) >= sizeof(nftable.name))
		die("--set %s: is too long; " LONGEST_NAME, text);
	sets[n_sets++].name = text;
}

static unsigned int parse_time(const char *text)
{
	static const char units[] = "smhd";
	static const uint32_t seconds[] = { 1, 60, 3600, 86400 };
	size_t len = strspn(text, "0123456789");
	const char *unit = text[len] ? strchr(units, text[len]) : NULL;
	uint64_t value = len && len < 9 ? strtoul(text, NULL, 10) : 0;

	if (unit)
		value *= seconds[unit - units];
	if (!unit || text[len + 1] || !value || value > 365 * 86400)
		die("--timeout %s: a time such as 30s, 10m, 2h or 1d is needed, up to 365d",
		    text);
	return value;
}

static unsigned int parse_share(const char *text)
{
	char digits[8] = "";
	size_t len = strlen(text);

	if (len && len < sizeof(digits))
		memcpy(digits, text, text[len - 1] == '%' ? len - 1 : len);
	if (!*digits || strspn(digits, "0123456789") != strlen(digits) ||
	    atoi(digits) < 1 || atoi(digits) > 100)
		die("--min-share %s: 1%% to 100%% is needed", text);
	return atoi(digits);
}

/* What cannot become right by itself is told at once. */
static void check_sets(void)
{
	unsigned int bits = prefix6 ? prefix6 : PREFIX6;
	struct nftset *set;
	char why[512];
	int ret;

	ret = nl_open(&nf, NETLINK_NETFILTER);
	if (ret)
		give_up("%s", strerror(-ret));
	for (set = sets; set < sets + n_sets; set++) {
		ret = look_up_set(set, &bits, why, sizeof(why));
		if (ret == -EINVAL || ret == -EPERM)
			die("%s", why);
		if (ret)
			trouble("%s", why);
		else if (set->family == NFPROTO_IPV6 && !set->interval && !prefix6)
			complain("--set %s: bans of single IPv6 addresses only; " TAKES_NETWORKS,
				 set->name);
	}
	nl_close(&nf);
}

static void guard(void)
{
	long long next, now;
	int ret;

	for (;;) {
		now = now_ms();
		if (due <= now) {
			look();
			now = now_ms();
		}
		next = commands_reap();
		if (!next || due < next)
			next = due;
		/* Rounded up by one: not to wake just before */
		ret = events_wait(&events, next > now ? (int)(next - now) + 1 : 0,
				  on_event, NULL);
		if (ret < 0)
			give_up("%s", ctfull_error(ret));
		if (ret & EVENTS_STOP)
			return;
		if (ret & EVENTS_RESYNC)
			wake();
	}
}

int guard_main(int argc, char **argv)
{
	int c, ret;

	while ((c = getopt_long(argc, argv, "t:s:T:m:6:z:run:ex:i:djh", options, NULL)) != -1) {
		switch (c) {
		case 't':
			parse_table(optarg);
			break;
		case 's':
			parse_set_name(optarg);
			break;
		case 'T':
			timeout_s = parse_time(optarg);
			break;
		case 'm':
			min_share = parse_share(optarg);
			break;
		case '6':
			prefix6 = number("--prefix6", optarg, 1, 128);
			break;
		case 'z':
			zone = number("--zone", optarg, 0, UINT16_MAX);
			break;
		case 'r':
			unreplied = false;
			break;
		case 'u':
			unreplied = true;
			break;
		case 'n':
			nets_parse(&never, optarg, "--never");
			break;
		case 'e':
			evict = true;
			break;
		case 'x':
			command_line = optarg;
			break;
		case 'i':
			interval_s = number("--interval", optarg, 1, 3600);
			break;
		case 'd':
			dry_run = true;
			break;
		case 'j':
			json_lines = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			die("%s", SEE_HELP);
		}
	}
	no_arguments(argv + optind);
	if (!nftable.family || !n_sets)
		die("--table FAMILY/TABLE and --set NAME are needed; %s", SEE_HELP);
	signal(SIGPIPE, SIG_IGN);
	commands_open();
	check_sets();
	ret = events_open(&events, false);
	if (ret == -EPERM)
		die("%s", ctfull_error(ret));
	if (ret)
		give_up("%s", ctfull_error(ret));
	guard();
	nets_free(&never);
	return 0;
}
