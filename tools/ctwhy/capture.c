// SPDX-License-Identifier: GPL-2.0-only
/*
 * INVALID packets, from rules of this program's own table: which are wanted, how many there
 * were, and what to do about most of them
 */
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/netfilter.h>
#include "../lib/output.h"
#include "../lib/program.h"
#include "../lib/xt_table.h"
#include "capture.h"

/* Right behind the tracker (-200), before mangle (-150): before anybody drops the packet */
#define PRIORITY	-199

/* So much of a packet is shown: headers, with those that an error quotes */
#define RANGE		256

static const char *interface;
static unsigned int port;		/* 0: any */
static int zone = -1;			/* none was given */
static unsigned int rate;
static struct network network;
static bool has_network;
static uint32_t wanted_reasons;
static char reason_list[256];		/* empty: all */

static struct xt_table table;
static struct nflog log_group;
static char prefix[30];			/* of lines that are this program's */
static int signals;
static struct seen seen;
static uint64_t received;
static uint32_t next_seq;
static long long started_ms;

/* --- Options --- */

static void parse_interface(const struct opt *opt, const char *text)
{
	if (!*text || strlen(text) >= IFNAMSIZ)
		errx(EXIT_ERROR, "--%s %s: must be the name of an interface, such as eth0",
		     opt->name, text);
	interface = text;
}

static void parse_address(const struct opt *opt, const char *text)
{
	if (!network_parse(text, &network))
		errx(EXIT_ERROR,
		     "--%s %s: must be an address or a network, such as 192.0.2.1 or 2001:db8::/32",
		     opt->name, text);
	has_network = true;
}

static void parse_zone(const struct opt *opt, const char *text)
{
	unsigned int number;

	if (!parse_number(text, 0, UINT16_MAX, &number))
		errx(EXIT_ERROR, "--%s %s: must be a number from 0 to %u", opt->name, text,
		     UINT16_MAX);
	zone = number;
}

/* All that the rules can see: they are behind the tracker. */
static const char *known_reasons(void)
{
	static char list[256];
	size_t len = 0;
	unsigned int i;

	for (i = XT_CTSTATE2_REASON_NOT_TRACKED + 1; i < XT_CTSTATE2_REASON_MAX; i++)
		len += snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "",
				reasons[i].name);
	return list;
}

static void parse_reason(const struct opt *opt, const char *text)
{
	size_t len, used = 0;
	const char *at;
	unsigned int i;

	wanted_reasons = 0;
	for (at = text; ; at += len + 1) {
		len = strcspn(at, ",");
		for (i = XT_CTSTATE2_REASON_NOT_TRACKED + 1; i < XT_CTSTATE2_REASON_MAX; i++)
			if (len == strlen(reasons[i].name) &&
			    !strncasecmp(at, reasons[i].name, len))
				break;
		if (i == XT_CTSTATE2_REASON_MAX)
			errx(EXIT_ERROR, "--%s %s: \"%.*s\" must be one of %s", opt->name, text,
			     (int)len, at, known_reasons());
		wanted_reasons |= 1U << i;
		if (!at[len])
			break;
	}
	for (i = 0; i < XT_CTSTATE2_REASON_MAX; i++)
		if (wanted_reasons & 1U << i)
			used += snprintf(reason_list + used, sizeof(reason_list) - used, "%s%s",
					 used ? "," : "", reasons[i].name);
}

/**
 * capture_options - add what both watch and top take to a command's options
 * @options: with room for CAPTURE_OPTIONS behind its last one
 * @most: of --rate, if it is not given
 */
void capture_options(struct opt *options, unsigned int most)
{
	static char rate_help[80];
	const struct opt common[CAPTURE_OPTIONS] = {
		OPT('i', "interface", "NAME", "only what comes or leaves by this one",
		    parse_interface),
		OPT('a', "address", "ADDR[/BITS]", "only from, to or an error about it",
		    parse_address),
		OPT_NUMBER('p', "port", "PORT", &port, 1, 65535,
			   "only from, to or an error about it"),
		OPT('r', "reason", "LIST", "only these, as in TCP_NEW,TCP_STATE", parse_reason),
		OPT('z', "zone", "N", "looks for their connections in this zone [0]", parse_zone),
		OPT_NUMBER('R', "rate", "N", &rate, 1, 1000000, rate_help),
		{ 0 },
	};

	rate = most;
	snprintf(rate_help, sizeof(rate_help),
		 "looks at so many a second [%u]; the others are counted", most);
	while (options->name)
		options++;
	memcpy(options, common, sizeof(common));
}

/**
 * capture_zone - in which zone connections are looked for
 */
uint16_t capture_zone(void)
{
	return zone < 0 ? 0 : zone;
}

/* --- Rules --- */

/*
 * A chain where packets come in, and one where this machine sends them. What it sends to
 * itself passes both, and is counted where it comes in.
 */
static void add_rules(uint8_t family)
{
	const char *in_zone = zone < 0 ? NULL : "--in-zone";
	char group[8], number[8];
	const char *const state[] = { "ctstate2", "--state", "INVALID", NULL };
	const char *const why[] = {
		"ctstate2", "--invalid-reason", reason_list, in_zone, number, NULL
	};
	const char *const log[] = {
		"CTLOG", "--nflog-group", group, "--log-prefix", prefix, in_zone, number, NULL
	};
	struct xt_rule *rule;
	bool out;

	snprintf(group, sizeof(group), "%u", log_group.group);
	snprintf(number, sizeof(number), "%d", zone);
	for (out = false; ; out = true) {
		const char *chain = out ? "output" : "prerouting";

		xt_table_chain(&table, family, chain, "filter",
			       out ? NF_INET_LOCAL_OUT : NF_INET_PRE_ROUTING, PRIORITY);
		rule = xt_table_rule(&table, family, chain);
		if (interface)
			xt_rule_interface(rule, out, true, interface);
		else if (out)
			xt_rule_interface(rule, true, false, "lo");
		xt_rule_words(rule, *reason_list ? why : state);
		xt_rule_counter(rule);
		xt_rule_limit(rule, rate, rate);
		xt_rule_counter(rule);
		xt_rule_words(rule, log);
		if (out || (interface && !strcmp(interface, "lo")))
			break;
	}
}

static __attribute__((noreturn)) void give_up(int error)
{
	errx(EXIT_ERROR, "%s", nl_error(error));
}

/**
 * capture_start - make the rules; ends the program if it cannot
 * @whole: whole packets are wanted, not their headers only
 */
void capture_start(bool whole)
{
	char name[32], why[512];
	int ret;

	if (interface && !if_nametoindex(interface))
		warnx("--interface %s: there is none of this name now", interface);
	snprintf(name, sizeof(name), "ctwhy-%d", getpid());
	snprintf(prefix, sizeof(prefix), "ctwhy-%d ", getpid());
	signals = signals_open();
	if (signals < 0)
		give_up(signals);
	ret = nflog_open(&log_group, whole ? NFLOG_RANGE : RANGE);
	if (ret == -EINVAL || ret == -EOPNOTSUPP)
		errx(EXIT_ERROR,
		     "the kernel has no nfnetlink_log: load it (modprobe nfnetlink_log)");
	if (ret)
		give_up(ret);
	ret = xt_table_open(&table, name, false);
	if (ret)
		give_up(ret);
	add_rules(NFPROTO_IPV4);
	add_rules(NFPROTO_IPV6);
	if (xt_table_commit(&table, why, sizeof(why)))
		errx(EXIT_ERROR, "%s", why);
	started_ms = now_ms();
}

/* --- Packets --- */

/* Names are asked for once a second. */
static void interface_name(uint32_t index, char name[IFNAMSIZ])
{
	static struct {
		uint32_t index;
		long long until_ms;
		char name[IFNAMSIZ];
	} cache[64], *at;
	long long now;

	*name = 0;
	if (!index)
		return;
	now = now_ms();
	at = &cache[index % ARRAY_SIZE(cache)];
	if (at->index != index || now > at->until_ms) {
		at->index = index;
		at->until_ms = now + 1000;
		/* compared as a whole */
		memset(at->name, 0, sizeof(at->name));
		if (!if_indextoname(index, at->name))
			snprintf(at->name, sizeof(at->name), "%u", index);
	}
	memcpy(name, at->name, IFNAMSIZ);
}

/* CTLOG's line: "ctwhy-1 state=INVALID reason=TCP_NEW " */
static bool read_line(const char *line, enum xt_ctstate2_reason *reason)
{
	static const char before[] = " reason=";
	const char *word;
	size_t len;

	if (strncmp(line, prefix, strlen(prefix)))
		return false;
	*reason = XT_CTSTATE2_REASON_OTHER;
	word = strstr(line, before);
	if (!word)
		return true;
	word += strlen(before);
	len = strcspn(word, " ");
	for (*reason = 0; *reason < XT_CTSTATE2_REASON_OTHER; ++*reason)
		if (len == strlen(reasons[*reason].name) &&
		    !strncmp(word, reasons[*reason].name, len))
			break;
	return true;
}

static bool is_wanted(const struct event *event)
{
	return (!has_network || packet_has_address(&event->packet, &network)) &&
	       (!port || packet_has_port(&event->packet, port));
}

struct caller {
	event_cb *cb;
	void *data;
	bool satisfied;
};

static bool on_packet(const struct logged *logged, void *data)
{
	struct caller *caller = data;
	struct event event = { .logged = logged };

	seen.lost += (uint32_t)(logged->seq - next_seq);
	next_seq = logged->seq + 1;
	/* Somebody else's rule with the same group */
	if (!read_line(logged->prefix, &event.reason))
		return true;
	received++;
	if (!packet_parse(logged->data, logged->len, logged->family, &event.packet))
		event.packet.ends.family = logged->family;
	if (!is_wanted(&event)) {
		seen.others++;
		return true;
	}
	interface_name(logged->in, event.in);
	interface_name(logged->out, event.out);
	seen.shown++;
	seen.reasons[event.reason]++;
	caller->satisfied = !caller->cb(&event, caller->data);
	return !caller->satisfied;
}

/* So many messages at once, before signals are looked at again */
#define TURNS	64

static int read_packets(struct caller *caller)
{
	unsigned int i;
	int ret = 1;

	for (i = 0; i < TURNS && ret > 0 && !caller->satisfied; i++) {
		ret = nflog_read(&log_group, on_packet, caller);
		/* What is missing is known by its number, or by the rules' counters */
		if (ret == -ENOBUFS)
			ret = 1;
	}
	if (ret < 0)
		errx(EXIT_INTERRUPTED, "%s", nl_error(ret));
	return caller->satisfied ? CAPTURE_END : 0;
}

/**
 * capture_wait - wait for packets or signals
 * @timeout_ms: so long at most, in milliseconds; -1: for ever
 * @input: another descriptor to wait for, or -1
 * @cb: takes each packet
 * @data: for @cb
 *
 * Returns bits CAPTURE_*.
 */
int capture_wait(int timeout_ms, int input, event_cb *cb, void *data)
{
	struct caller caller = { .cb = cb, .data = data };
	struct pollfd fds[] = {
		{ .fd = mnl_socket_get_fd(log_group.nl.sock), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
		{ .fd = input, .events = POLLIN },
	};
	int ret = 0;

	if (poll(fds, ARRAY_SIZE(fds), timeout_ms) < 0) {
		if (errno == EINTR)
			return 0;
		err(EXIT_INTERRUPTED, "cannot wait");
	}
	if (fds[1].revents && signals_end(signals))
		return CAPTURE_END;
	if (fds[2].revents)
		ret |= CAPTURE_INPUT;
	return fds[0].revents ? ret | read_packets(&caller) : ret;
}

static void read_counters(uint64_t counters[XT_RULE_COUNTERS])
{
	static uint64_t last[XT_RULE_COUNTERS];
	int ret = xt_table_counters(&table, counters);

	if (ret && ret != -EINTR)
		errx(EXIT_INTERRUPTED, "the rules cannot be read: %s", nl_error(ret));
	if (ret)
		memcpy(counters, last, sizeof(last));
	else
		memcpy(last, counters, sizeof(last));
	/* One is read after the other. */
	seen.over = counters[0] > counters[1] ? counters[0] - counters[1] : 0;
}

/**
 * capture_seen - how many packets there were up to now
 */
const struct seen *capture_seen(void)
{
	uint64_t counters[XT_RULE_COUNTERS];

	read_counters(counters);
	return &seen;
}

/**
 * capture_stop - take the rules away
 * @cb: takes each packet that is still on its way; NULL: they are not counted
 * @data: for @cb
 */
void capture_stop(event_cb *cb, void *data)
{
	struct caller caller = { .cb = cb, .data = data };
	uint64_t counters[XT_RULE_COUNTERS];
	int ret;

	read_counters(counters);
	xt_table_close(&table);
	ret = nflog_flush(&log_group);
	while (cb && !ret && !caller.satisfied) {
		ret = nflog_read(&log_group, on_packet, &caller);
		if (ret == 0 || (ret < 0 && ret != -ENOBUFS))
			break;
		ret = 0;
	}
	nflog_close(&log_group);
	/* What the kernel had no memory for has no number. */
	if (!caller.satisfied && cb && counters[1] > received + seen.lost)
		seen.lost = counters[1] - received;
}

/* --- Output --- */

/**
 * ends_json - addresses, and ports if there are some
 */
json_t *ends_json(const struct ends *ends)
{
	char src[ADDR_LEN], dst[ADDR_LEN], name[16];
	json_t *json = json_pack("{s:s, s:s, s:s}", "protocol",
				 protocol_name(ends->protocol, name, sizeof(name)),
				 "source", addr_text(ends->family, ends->src, src),
				 "destination", addr_text(ends->family, ends->dst, dst));

	if (json && ends->has_ports) {
		json_object_set_new(json, "source_port", json_integer(ends->sport));
		json_object_set_new(json, "destination_port", json_integer(ends->dport));
	}
	return json;
}

/* The reasons that there were, the most frequent first; returns how many */
static unsigned int frequent(unsigned int order[XT_CTSTATE2_REASON_MAX])
{
	unsigned int i, at, n = 0;

	for (i = 0; i < XT_CTSTATE2_REASON_MAX; i++) {
		if (!seen.reasons[i])
			continue;
		for (at = n++; at && seen.reasons[order[at - 1]] < seen.reasons[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return n;
}

#define ADVICE	2	/* for so many reasons */

static void summary_json(const unsigned int *order, unsigned int n, uint64_t invalid,
			 double seconds)
{
	json_t *by_reason = json_object(), *advice = json_array();
	const struct reason *reason;
	unsigned int i;

	for (i = 0; i < n; i++) {
		reason = &reasons[order[i]];
		json_object_set_new(by_reason, reason->name, json_integer(seen.reasons[order[i]]));
		if (i < ADVICE)
			json_array_append_new(advice, json_pack("{s:s, s:s, s:s}",
								"reason", reason->name,
								"what", reason->what,
								"remedy", reason->remedy));
	}
	json_print(json_pack("{s:s, s:f, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
			     "event", "summary", "seconds", seconds,
			     "invalid", (json_int_t)invalid, "shown", (json_int_t)seen.shown,
			     "others", (json_int_t)seen.others, "over_rate", (json_int_t)seen.over,
			     "lost", (json_int_t)seen.lost, "reasons", by_reason,
			     "advice", advice), JSON_COMPACT);
}

static void print_count(uint64_t n, const char *text)
{
	if (n)
		printf("%10llu %s\n", (unsigned long long)n, text);
}

/**
 * summary_print - how many packets there were, and what to do
 */
void summary_print(bool as_json)
{
	uint64_t invalid = seen.shown + seen.others + seen.over + seen.lost;
	long long ms = now_ms() - started_ms;
	unsigned int order[XT_CTSTATE2_REASON_MAX], i, n = frequent(order);

	if (as_json) {
		summary_json(order, n, invalid, ms / 100 / 10.0);
		return;
	}
	printf("\n%llu INVALID packet%s in %lld.%lld s\n", (unsigned long long)invalid,
	       invalid == 1 ? "" : "s", ms / 1000, ms / 100 % 10);
	for (i = 0; i < n; i++)
		print_count(seen.reasons[order[i]], reasons[order[i]].name);
	print_count(seen.others, "not shown: of other addresses or ports");
	print_count(seen.over, "not shown: too many in a second; see --rate");
	print_count(seen.lost, "not shown: lost, because this program was too slow");
	for (i = 0; i < n && i < ADVICE; i++) {
		putchar('\n');
		reason_print(&reasons[order[i]], false);
	}
	if (n)
		printf("\nctwhy explain %s says where such packets come from.\n",
		       reasons[order[0]].name);
	flush_output();
}
