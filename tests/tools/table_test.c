// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ctfull makes of a dump of the table (tools/ctfull/{key,table}.c), with dumps that no
 * kernel gives on request: entries that come twice, attributes that are cut off. And what
 * it makes of names that are no UTF-8 (tools/lib/output.c). With an argument, a number of
 * entries: only counts so many, for callgrind.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include "../../tools/ctfull/conntrack.h"
#include "../../tools/ctfull/table.h"
#include "../../tools/lib/output.h"
#include "../../tools/lib/program.h"
#include "tap.h"

#define SEEN	IPS_SEEN_REPLY
#define SURE	(IPS_SEEN_REPLY | IPS_ASSURED)

/* An entry, as ctnetlink describes it */
struct entry {
	const char *src;
	uint8_t protocol;
	uint32_t status;
	uint8_t state;		/* TCP's */
	uint16_t zone;
	uint32_t id;
};

/* Of TCP entries: flags that a handshake does not give, by direction */
static uint8_t more_flags[2];
static bool offloaded;		/* ctnetlink says nothing of their state */

/* The dump: what the stand-in for nl_request() gives, in this order */
static char *dump;
static size_t dump_len, dump_size;
static uint32_t count;		/* what the statistics say */
static bool changes;		/* the kernel says of the dump that it saw changes */

/* --- In place of tools/lib/netlink.c --- */

struct nlmsghdr *nfnl_message(void *buf, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nfgenmsg header = { .nfgen_family = family };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(header)), &header, sizeof(header));
	return nlh;
}

static int statistics(nl_cb *cb, void *data)
{
	char buf[128] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = nfnl_message(buf, 0, 0, 0);

	mnl_attr_put_u32(nlh, CTA_STATS_GLOBAL_ENTRIES, htonl(count));
	return cb(nlh, data);
}

const char *nl_error(int error)
{
	return strerror(-error);
}

int nl_request(struct nl *nl, struct nlmsghdr *nlh, nl_cb *cb, void *data)
{
	size_t at;
	int ret;

	nl->interrupted = false;
	if ((nlh->nlmsg_type & 0xff) == IPCTNL_MSG_CT_GET_STATS)
		return statistics(cb, data);
	nl->interrupted = changes;
	for (at = 0; at < dump_len; at += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (void *)(dump + at);
		ret = cb(nlh, data);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* --- Entries --- */

static void put_tuple(struct nlmsghdr *nlh, uint16_t type, const struct entry *entry,
		      const uint8_t *addr, bool ipv6)
{
	struct nlattr *tuple = mnl_attr_nest_start(nlh, type), *nest;

	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	mnl_attr_put(nlh, ipv6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, ipv6 ? 16 : 4, addr);
	mnl_attr_put(nlh, ipv6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, ipv6 ? 16 : 4, addr);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, entry->protocol);
	mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(4000));
	mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(53));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, tuple);
}

static void put_flags(struct nlmsghdr *nlh, uint16_t type, uint8_t more)
{
	struct nf_ct_tcp_flags value = { .flags = 0x23 | more };

	mnl_attr_put(nlh, type, sizeof(value), &value);
}

static void put_state(struct nlmsghdr *nlh, uint8_t state)
{
	struct nlattr *info = mnl_attr_nest_start(nlh, CTA_PROTOINFO);
	struct nlattr *tcp = mnl_attr_nest_start(nlh, CTA_PROTOINFO_TCP);

	mnl_attr_put_u8(nlh, CTA_PROTOINFO_TCP_STATE, state);
	mnl_attr_put_u8(nlh, CTA_PROTOINFO_TCP_WSCALE_ORIGINAL, 7);
	mnl_attr_put_u8(nlh, CTA_PROTOINFO_TCP_WSCALE_REPLY, 7);
	put_flags(nlh, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL, more_flags[0]);
	put_flags(nlh, CTA_PROTOINFO_TCP_FLAGS_REPLY, more_flags[1]);
	mnl_attr_nest_end(nlh, tcp);
	mnl_attr_nest_end(nlh, info);
}

static void put_addr(const struct entry *entry, const uint8_t *addr, bool ipv6)
{
	struct nlmsghdr *nlh;

	if (dump_size < dump_len + 1024) {
		dump_size = dump_size * 2 + 4096;
		dump = realloc(dump, dump_size);
		if (!dump)
			abort();
	}
	memset(dump + dump_len, 0, 1024);
	nlh = nfnl_message(dump + dump_len, (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_NEW, 0,
			   ipv6 ? AF_INET6 : AF_INET);
	put_tuple(nlh, CTA_TUPLE_ORIG, entry, addr, ipv6);
	put_tuple(nlh, CTA_TUPLE_REPLY, entry, addr, ipv6);
	if (entry->zone)
		mnl_attr_put_u16(nlh, CTA_ZONE, htons(entry->zone));
	mnl_attr_put_u32(nlh, CTA_STATUS, htonl(entry->status));
	mnl_attr_put_u32(nlh, CTA_MARK, 0);
	mnl_attr_put_u32(nlh, CTA_ID, entry->id);
	mnl_attr_put_u32(nlh, CTA_USE, htonl(1));
	mnl_attr_put_u32(nlh, CTA_TIMEOUT, htonl(600));
	if (entry->protocol == IPPROTO_TCP && !offloaded)
		put_state(nlh, entry->state);
	dump_len += NLMSG_ALIGN(nlh->nlmsg_len);
	count++;
}

static void put(const struct entry *entry)
{
	bool ipv6 = strchr(entry->src, ':');
	uint8_t addr[16];

	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, entry->src, addr) != 1)
		abort();
	put_addr(entry, addr, ipv6);
}

static uint32_t some_id(void)
{
	return (uint32_t)random() << 16 ^ random();
}

/* @n entries of as many sources, from 10.0.0.0 on */
static void put_many(unsigned int n)
{
	struct entry entry = { .protocol = IPPROTO_UDP, .status = SEEN };
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint32_t addr = htonl(0x0a000000 + i);

		entry.id = some_id();
		put_addr(&entry, (void *)&addr, false);
	}
}

static void empty(void)
{
	dump_len = 0;
	count = 0;
}

static struct table table;
static struct nl nl;

/* How many entries @src has, whose key has so many bits (0: all), in @zone */
static unsigned int entries(const char *src, unsigned int bits, unsigned int zone)
{
	struct key key = { .bits = bits, .zone = zone };
	size_t i;

	key.family = strchr(src, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(key.family, src, key.addr) != 1)
		abort();
	for (i = 0; i < table.size; i++)
		if (table.slots[i].entries && !memcmp(&table.slots[i].key, &key, sizeof(key)))
			return table.slots[i].entries;
	return 0;
}

static void read_by(const struct counting *how)
{
	if (table_read(&table, &nl, how))
		abort();
}

/* --- The tests --- */

static void test_replied(void)
{
	static const struct {
		struct entry entry;
		bool counts;
		const char *what;
	} cases[] = {
		{ { "10.0.0.1", IPPROTO_UDP, 0, 0, 0, 0 }, false, "UDP without a reply" },
		{ { "10.0.0.1", IPPROTO_UDP, SEEN, 0, 0, 0 }, true, "UDP with a reply" },
		{ { "10.0.0.1", IPPROTO_ICMP, SEEN, 0, 0, 0 }, true, "ICMP with a reply" },
		{ { "10.0.0.1", IPPROTO_TCP, 0, TCP_CONNTRACK_SYN_SENT, 0, 0 }, false, "SYN" },
		{ { "10.0.0.1", IPPROTO_TCP, SEEN, TCP_CONNTRACK_SYN_RECV, 0, 0 }, false,
		  "SYN and SYN/ACK" },
		{ { "10.0.0.1", IPPROTO_TCP, SEEN, TCP_CONNTRACK_CLOSE, 0, 0 }, false,
		  "SYN and RST" },
		{ { "10.0.0.1", IPPROTO_TCP, SEEN, TCP_CONNTRACK_ESTABLISHED, 0, 0 }, true,
		  "a handshake" },
		{ { "10.0.0.1", IPPROTO_TCP, SURE, TCP_CONNTRACK_CLOSE, 0, 0 }, true,
		  "a connection that was reset" },
		{ { "10.0.0.1", IPPROTO_TCP, SURE, TCP_CONNTRACK_TIME_WAIT, 0, 0 }, true,
		  "TIME_WAIT" },
		{ { "10.0.0.1", IPPROTO_SCTP, SEEN, 0, 0, 0 }, false, "SCTP, INIT ACK" },
		{ { "10.0.0.1", IPPROTO_SCTP, SURE, 0, 0, 0 }, true, "SCTP, established" },
	};
	struct counting how = { .by = BY_SRC, .replied = true };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		empty();
		put(&cases[i].entry);
		read_by(&how);
		ok(entries("10.0.0.1", 0, 0) == cases[i].counts && table.total == 1,
		   "replied: does it count? %s", cases[i].what);
	}
	how.replied = false;
	read_by(&how);
	ok(entries("10.0.0.1", 0, 0) == 1, "without replied all count");
}

/* What the tracker takes up in mid-stream may all be forged */
static void test_picked_up(void)
{
	static const struct {
		uint8_t flags[2];
		bool offloaded;
		const char *what;
	} cases[] = {
		{ { IP_CT_TCP_FLAG_BE_LIBERAL, IP_CT_TCP_FLAG_BE_LIBERAL }, false,
		  "from the first packet on" },
		{ { IP_CT_TCP_FLAG_BE_LIBERAL, 0 }, false, "liberal one way" },
		{ { 0, IP_CT_TCP_FLAG_BE_LIBERAL }, false, "and the other way" },
		{ { 0, 0 }, true, "in a flowtable" },
	};
	static const struct entry tcp[] = {
		{ "10.0.0.1", IPPROTO_TCP, SURE, TCP_CONNTRACK_ESTABLISHED, 0, 0 },
		{ "10.0.0.1", IPPROTO_TCP, SURE, TCP_CONNTRACK_CLOSE, 0, 0 },
		{ "10.0.0.1", IPPROTO_TCP, SEEN, TCP_CONNTRACK_ESTABLISHED, 0, 0 },
	};
	struct counting how = { .by = BY_SRC };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(more_flags, cases[i].flags, sizeof(more_flags));
		offloaded = cases[i].offloaded;
		empty();
		for (j = 0; j < ARRAY_SIZE(tcp); j++)
			put(&tcp[j]);
		how.replied = true;
		read_by(&how);
		ok(entries("10.0.0.1", 0, 0) == 0 && table.total == ARRAY_SIZE(tcp),
		   "picked up: none counts, %s", cases[i].what);
		how.replied = false;
		read_by(&how);
		ok(entries("10.0.0.1", 0, 0) == ARRAY_SIZE(tcp), "without replied all do");
	}
	memset(more_flags, 0, sizeof(more_flags));
	offloaded = false;
}

/* Where the tracker is liberal, a TCP entry says nothing of its source */
static void test_liberal(void)
{
	static const struct entry tcp[] = {
		{ "10.0.0.1", IPPROTO_TCP, SURE, TCP_CONNTRACK_ESTABLISHED, 0, 0 },
		{ "10.0.0.1", IPPROTO_TCP, SURE, TCP_CONNTRACK_CLOSE, 0, 0 },
		{ "10.0.0.1", IPPROTO_TCP, SEEN, TCP_CONNTRACK_ESTABLISHED, 0, 0 },
		{ "10.0.0.1", IPPROTO_TCP, SURE, TCP_CONNTRACK_TIME_WAIT, 0, 0 },
	};
	static const struct entry others[] = {
		{ "10.0.0.1", IPPROTO_UDP, SEEN, 0, 0, 0 },
		{ "10.0.0.1", IPPROTO_SCTP, SURE, 0, 0, 0 },
	};
	struct counting how = { .by = BY_SRC, .replied = true, .liberal = true };
	unsigned int i;

	empty();
	for (i = 0; i < ARRAY_SIZE(tcp); i++)
		put(&tcp[i]);
	read_by(&how);
	ok(entries("10.0.0.1", 0, 0) == 0 && table.total == ARRAY_SIZE(tcp),
	   "liberal: no TCP entry counts");
	for (i = 0; i < ARRAY_SIZE(others); i++)
		put(&others[i]);
	read_by(&how);
	ok(entries("10.0.0.1", 0, 0) == ARRAY_SIZE(others), "liberal: UDP and SCTP do");
	how.replied = false;
	read_by(&how);
	ok(entries("10.0.0.1", 0, 0) == ARRAY_SIZE(tcp) + ARRAY_SIZE(others),
	   "liberal, without replied: all do");
}

static void test_zones(void)
{
	const struct entry here = { "10.0.0.1", IPPROTO_UDP, SEEN, 0, 0, 1 };
	const struct entry there = { "10.0.0.1", IPPROTO_UDP, SEEN, 0, 7, 2 };
	struct counting how = { .by = BY_SRC, .zones = true, .replied = true };

	empty();
	put(&here);
	put(&there);
	put(&there);
	read_by(&how);
	ok(entries("10.0.0.1", 0, 0) == 1 && entries("10.0.0.1", 0, 7) == 2,
	   "one address in two zones is two");
	how.zones = false;
	read_by(&how);
	ok(entries("10.0.0.1", 0, 0) == 3, "and one if zones are not looked at");
}

static void test_prefixes(void)
{
	static const char *const sources[] = {
		"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::3", "2001:db8:0:1::1",
		"2001:db8:0:2::1", "2001:db8:0:2::2", "2001:db8:0:2::2", "10.0.0.1",
	};
	struct counting how = { .by = BY_SRC, .prefix6 = 64 };
	struct entry entry = { .protocol = IPPROTO_UDP };
	struct key split = { .family = AF_INET6 };
	unsigned int i;

	empty();
	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		entry.src = sources[i];
		put(&entry);
	}
	inet_pton(AF_INET6, "2001:db8:0:2::99", split.addr);
	key_mask(&split, 64);
	how.split = &split;
	how.n_split = 1;
	read_by(&how);
	ok(entries("2001:db8::", 64, 0) == 3, "a /64 is one source");
	ok(entries("2001:db8:0:1::", 64, 0) == 1, "the next /64 is another one");
	ok(entries("2001:db8:0:2::", 64, 0) == 3 && entries("2001:db8:0:2::2", 0, 0) == 2 &&
	   entries("2001:db8:0:2::1", 0, 0) == 1, "of one that is split, also each address counts");
	ok(entries("10.0.0.1", 0, 0) == 1, "IPv4 addresses stay whole");
	how.n_split = 0;
	how.prefix6 = 60;
	read_by(&how);
	ok(entries("2001:db8::", 60, 0) == 7, "a /60 is one source");
	how.prefix6 = 33;
	read_by(&how);
	ok(entries("2001:db8::", 33, 0) == 7, "so is a /33");
}

/* Has a table of @n entries, of which the first @twice come again, been seen through? */
static bool seen_through(unsigned int n, unsigned int twice)
{
	struct counting how = { .by = BY_SRC };
	size_t at, end;
	unsigned int i;

	empty();
	put_many(n);
	for (i = 0, at = 0; i < twice; i++)
		at += NLMSG_ALIGN(((struct nlmsghdr *)(dump + at))->nlmsg_len);
	end = at;
	if (dump_size < dump_len + end) {
		dump_size = dump_len + end;
		dump = realloc(dump, dump_size);
		if (!dump)
			abort();
	}
	memcpy(dump + dump_len, dump, end);
	dump_len += end;
	read_by(&how);
	return table.approximate;
}

static void test_twice(void)
{
	static const unsigned int sizes[] = { 10, 1000, 5000, 20000, 300000 };
	struct counting how = { .by = BY_SRC };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ok(!seen_through(sizes[i], 0), "%u entries, each once", sizes[i]);
		ok(seen_through(sizes[i], sizes[i] / 4), "%u entries, a quarter of them twice",
		   sizes[i]);
	}
	/* Where there are no ids */
	empty();
	for (i = 0; i < 1000; i++)
		put(&(struct entry){ "10.0.0.1", IPPROTO_UDP, SEEN, 0, 0, 0 });
	count = 500;
	read_by(&how);
	ok(table.approximate, "500 entries are counted, and 1000 come");
	count = 1000;
	read_by(&how);
	ok(!table.approximate, "1000 are counted, and come");
	changes = true;
	read_by(&how);
	ok(table.approximate, "the kernel says that it saw changes");
	changes = false;
	read_by(&how);
	ok(!table.approximate, "and does not any more");
}

/* Whatever is cut off, or says that it is longer than it is */
static void test_malformed(void)
{
	const struct entry entry = { "2001:db8::1", IPPROTO_TCP, SEEN, 3, 7, 1 };
	const struct counting how[] = {
		{ .by = BY_SRC, .zones = true, .replied = true, .prefix6 = 64 },
		{ .by = BY_STATE }, { .by = BY_DPORT }, { .by = BY_ZONE },
	};
	size_t len, at, i;
	struct key key;
	uint32_t id;
	char *copy;

	empty();
	put(&entry);
	for (len = NLMSG_HDRLEN + sizeof(struct nfgenmsg); len < dump_len; len++) {
		/* of its own, so that a sanitizer sees the end */
		copy = malloc(len);
		if (!copy)
			abort();
		memcpy(copy, dump, len);
		((struct nlmsghdr *)copy)->nlmsg_len = len;
		for (i = 0; i < ARRAY_SIZE(how); i++)
			key_parse((void *)copy, &how[i], &key, &id);
		free(copy);
	}
	for (at = NLMSG_HDRLEN + sizeof(struct nfgenmsg); at < dump_len; at++) {
		copy = malloc(dump_len);
		if (!copy)
			abort();
		memcpy(copy, dump, dump_len);
		copy[at] ^= 0xff;
		for (i = 0; i < ARRAY_SIZE(how); i++)
			key_parse((void *)copy, &how[i], &key, &id);
		free(copy);
	}
	ok(true, "messages that are cut off or damaged");
}

static void test_unlisted(void)
{
	ok(conntrack_unlisted(20000, 4), "20000 counted, 4 listed: held");
	ok(!conntrack_unlisted(20000, 19000), "20000 counted, 19000 listed: a table in use");
	ok(!conntrack_unlisted(10, 0), "10 counted, none listed: just started");
	ok(!conntrack_unlisted(10, 20000), "more listed than counted");
}

static void test_names(void)
{
	static const char *const names[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "\u00e9\u20ac\U0001f600", "\u00e9\u20ac\U0001f600" },
		{ "b\xff_d", "b\\xff_d" },
		{ "\x80", "\\x80" },			/* begins with the second byte */
		{ "a\xe2\x82", "a\\xe2\\x82" },	/* ends too early */
		{ "\xe2\x82z", "\\xe2\\x82z" },
		{ "\xc0\xaf", "\\xc0\\xaf" },		/* longer than need be */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },	/* half of a UTF-16 pair */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },	/* above the last one */
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
	};
	char text[UTF8_LEN], longest[256];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		ok(!strcmp(utf8_text(names[i][0], text, sizeof(text)), names[i][1]),
		   "name %u: \"%s\"", i, text);
	memset(longest, 0xff, 255);
	longest[255] = 0;
	ok(strlen(utf8_text(longest, text, sizeof(text))) == 4 * 255, "the longest name");
	ok(strlen(utf8_text(longest, text, 9)) == 8, "what has no room is left out");
	ok(strlen(utf8_text(longest, text, 8)) == 4, "and no half of it is there");
}

/* Seconds from 2038 on do not fit into 32 bits. */
static void test_times(void)
{
	char text[40];

	setenv("TZ", "UTC0", 1);
	time_text(4102444800, text, sizeof(text));
	ok(!strcmp(text, "2100-01-01T00:00:00+0000"), "a time in 2100: %s", text);
}

int main(int argc, char **argv)
{
	const struct counting guards = { .by = BY_SRC, .zones = true, .replied = true,
					 .prefix6 = 64 };
	const struct slot *top[2 * 128];

	if (argc > 1) {
		put_many(atoi(argv[1]));
		read_by(&guards);
		return table_top(&table, top, 128) != 128;
	}
	test_replied();
	test_picked_up();
	test_liberal();
	test_zones();
	test_prefixes();
	test_twice();
	test_malformed();
	test_unlisted();
	test_names();
	test_times();
	table_free(&table);
	free(dump);
	return finish();
}
