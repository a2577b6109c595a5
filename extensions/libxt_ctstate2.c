// SPDX-License-Identifier: GPL-2.0-only
/*
 * libxt_ctstate2 - the iptables side of xt_ctstate2
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <netinet/in.h>
#include <xtables.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_sctp.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netfilter/xt_ctstate2.h>

#define ARRAY_SIZE(x)	(sizeof(x) / sizeof(*(x)))

#define EST_ORIGINAL	XT_CTSTATE2_STATE_BIT(IP_CT_ESTABLISHED)
#define EST_REPLY	XT_CTSTATE2_STATE_BIT(IP_CT_ESTABLISHED_REPLY)
#define REL_ORIGINAL	XT_CTSTATE2_STATE_BIT(IP_CT_RELATED)
#define REL_REPLY	XT_CTSTATE2_STATE_BIT(IP_CT_RELATED_REPLY)
#define NEW		XT_CTSTATE2_STATE_BIT(IP_CT_NEW)
#define ORIGINAL	(NEW | EST_ORIGINAL | REL_ORIGINAL)
#define REPLY		(EST_REPLY | REL_REPLY)
#define NAT		(XT_CTSTATE2_STATE_SNAT | XT_CTSTATE2_STATE_DNAT)

enum {
	O_STATE = 0,
	O_STATUS,
	O_ALL_STATUS,
	O_TCP_STATE,
	O_SCTP_STATE,
	O_REASON,
	O_LISTS, /* those above take a list of words */
	O_DIRECTION = O_LISTS,
	O_EXPIRES,
	O_ZONE,
	O_OFFLOADABLE,
};

/* A word of an option's list, and the bits that it stands for */
struct word {
	const char *name;
	unsigned int bits;
};

/* Shorthands come first: print_list() takes the first word that fits. */
static const struct word state_words[] = {
	{ "NEW", NEW },
	{ "ESTABLISHED", EST_ORIGINAL | EST_REPLY },
	{ "RELATED", REL_ORIGINAL | REL_REPLY },
	{ "ESTABLISHED_ORIGINAL", EST_ORIGINAL },
	{ "ESTABLISHED_REPLY", EST_REPLY },
	{ "RELATED_ORIGINAL", REL_ORIGINAL },
	{ "RELATED_REPLY", REL_REPLY },
	{ "INVALID", XT_CTSTATE2_STATE_INVALID },
	{ "UNTRACKED", XT_CTSTATE2_STATE_UNTRACKED },
	{ "SNAT", XT_CTSTATE2_STATE_SNAT },
	{ "DNAT", XT_CTSTATE2_STATE_DNAT },
	{ NULL, 0 },
};

static const struct word status_words[] = {
	{ "NONE", XT_CTSTATE2_STATUS_NONE },
	{ "EXPECTED", IPS_EXPECTED },
	{ "SEEN_REPLY", IPS_SEEN_REPLY },
	{ "ASSURED", IPS_ASSURED },
	{ "CONFIRMED", IPS_CONFIRMED },
	{ "SNAT", IPS_SRC_NAT },
	{ "DNAT", IPS_DST_NAT },
	{ "SEQ_ADJUST", IPS_SEQ_ADJUST },
	{ "DYING", IPS_DYING },
	{ "FIXED_TIMEOUT", IPS_FIXED_TIMEOUT },
	{ "HELPER", IPS_HELPER },
	{ "OFFLOAD", IPS_OFFLOAD },
	{ "HW_OFFLOAD", IPS_HW_OFFLOAD },
	{ NULL, 0 },
};

static const struct word tcp_words[] = {
	{ "NONE", 1 << TCP_CONNTRACK_NONE },
	{ "SYN_SENT", 1 << TCP_CONNTRACK_SYN_SENT },
	{ "SYN_RECV", 1 << TCP_CONNTRACK_SYN_RECV },
	{ "ESTABLISHED", 1 << TCP_CONNTRACK_ESTABLISHED },
	{ "FIN_WAIT", 1 << TCP_CONNTRACK_FIN_WAIT },
	{ "CLOSE_WAIT", 1 << TCP_CONNTRACK_CLOSE_WAIT },
	{ "LAST_ACK", 1 << TCP_CONNTRACK_LAST_ACK },
	{ "TIME_WAIT", 1 << TCP_CONNTRACK_TIME_WAIT },
	{ "CLOSE", 1 << TCP_CONNTRACK_CLOSE },
	{ "SYN_SENT2", 1 << TCP_CONNTRACK_SYN_SENT2 },
	{ NULL, 0 },
};

static const struct word sctp_words[] = {
	{ "NONE", 1 << SCTP_CONNTRACK_NONE },
	{ "CLOSED", 1 << SCTP_CONNTRACK_CLOSED },
	{ "COOKIE_WAIT", 1 << SCTP_CONNTRACK_COOKIE_WAIT },
	{ "COOKIE_ECHOED", 1 << SCTP_CONNTRACK_COOKIE_ECHOED },
	{ "ESTABLISHED", 1 << SCTP_CONNTRACK_ESTABLISHED },
	{ "SHUTDOWN_SENT", 1 << SCTP_CONNTRACK_SHUTDOWN_SENT },
	{ "SHUTDOWN_RECD", 1 << SCTP_CONNTRACK_SHUTDOWN_RECD },
	{ "SHUTDOWN_ACK_SENT", 1 << SCTP_CONNTRACK_SHUTDOWN_ACK_SENT },
	{ "HEARTBEAT_SENT", 1 << SCTP_CONNTRACK_HEARTBEAT_SENT },
	{ NULL, 0 },
};

#define REASON(name) { #name, 1 << XT_CTSTATE2_REASON_##name }

static const struct word reason_words[] = {
	REASON(NOT_TRACKED),
	REASON(FRAGMENT),
	REASON(TRUNCATED),
	REASON(CHECKSUM),
	REASON(TCP_FLAGS),
	REASON(TCP_WINDOW),
	REASON(TCP_STATE),
	REASON(TCP_NEW),
	REASON(TCP_RST),
	REASON(ICMP_TYPE),
	REASON(ICMP_UNRELATED),
	REASON(ICMP_MISMATCH),
	REASON(SCTP),
	REASON(OTHER),
	{ NULL, 0 },
};

/* Numbers, not bits */
static const struct word direction_words[] = {
	{ "ORIGINAL", IP_CT_DIR_ORIGINAL },
	{ "REPLY", IP_CT_DIR_REPLY },
	{ NULL, 0 },
};

static const struct xt_option_entry ctstate2_mt_opts[] = {
	{ .name = "state", .id = O_STATE, .type = XTTYPE_STRING,
	  .flags = XTOPT_INVERT },
	{ .name = "status", .id = O_STATUS, .type = XTTYPE_STRING,
	  .flags = XTOPT_INVERT },
	{ .name = "all-status", .id = O_ALL_STATUS, .type = XTTYPE_STRING,
	  .flags = XTOPT_INVERT },
	{ .name = "tcp-state", .id = O_TCP_STATE, .type = XTTYPE_STRING,
	  .flags = XTOPT_INVERT, .excl = 1 << O_SCTP_STATE },
	{ .name = "sctp-state", .id = O_SCTP_STATE, .type = XTTYPE_STRING,
	  .flags = XTOPT_INVERT, .excl = 1 << O_TCP_STATE },
	{ .name = "invalid-reason", .id = O_REASON, .type = XTTYPE_STRING,
	  .flags = XTOPT_INVERT },
	{ .name = "direction", .id = O_DIRECTION, .type = XTTYPE_STRING,
	  .flags = XTOPT_INVERT },
	{ .name = "expires", .id = O_EXPIRES, .type = XTTYPE_UINT32RC,
	  .flags = XTOPT_INVERT },
	{ .name = "in-zone", .id = O_ZONE, .type = XTTYPE_UINT16,
	  .flags = XTOPT_INVERT },
	{ .name = "offloadable", .id = O_OFFLOADABLE, .type = XTTYPE_NONE,
	  .flags = XTOPT_INVERT },
	XTOPT_TABLEEND,
};

#define LIST(condition, name, words, field) \
	{ condition, name, words, offsetof(struct xt_ctstate2_mtinfo, field) }

/* By option; a list has words, and a field for their bits. */
static const struct condition {
	unsigned int bit;
	const char *name;
	const struct word *words;
	size_t offset;
} conditions[] = {
	[O_STATE] = LIST(XT_CTSTATE2_STATE, "state", state_words, state),
	[O_STATUS] = LIST(XT_CTSTATE2_STATUS, "status", status_words, status),
	[O_ALL_STATUS] = LIST(XT_CTSTATE2_ALL_STATUS, "all-status",
			      status_words, all_status),
	[O_TCP_STATE] = LIST(XT_CTSTATE2_TCP_STATE, "tcp-state",
			     tcp_words, tcp_state),
	[O_SCTP_STATE] = LIST(XT_CTSTATE2_SCTP_STATE, "sctp-state",
			      sctp_words, sctp_state),
	[O_REASON] = LIST(XT_CTSTATE2_REASON, "invalid-reason",
			  reason_words, reason),
	[O_DIRECTION] = { .bit = XT_CTSTATE2_DIRECTION, .name = "direction" },
	[O_EXPIRES] = { .bit = XT_CTSTATE2_EXPIRES, .name = "expires" },
	[O_ZONE] = { .bit = XT_CTSTATE2_ZONE, .name = "in-zone" },
	[O_OFFLOADABLE] = { .bit = XT_CTSTATE2_OFFLOADABLE,
			    .name = "offloadable" },
};

/* "A, B, C" into @buf, which holds every table of this file */
static const char *list_words(const struct word *words, char *buf, size_t size)
{
	size_t used = 0;

	for (; words->name; words++)
		used += snprintf(buf + used, size - used, "%s%s",
				 used ? ", " : "", words->name);
	return buf;
}

static void ctstate2_mt_help(void)
{
	const struct condition *c;
	char buf[256];

	printf("ctstate2 match options (all must hold):\n");
	for (c = conditions; c < conditions + O_LISTS; c++)
		printf("[!] --%s LIST\n    %s\n", c->name,
		       list_words(c->words, buf, sizeof(buf)));
	printf("[!] --direction ORIGINAL|REPLY\n"
	       "[!] --expires SECONDS[:SECONDS]    the connection's remaining lifetime\n"
	       "[!] --in-zone NUMBER               the connection's zone in the packet's direction;\n"
	       "                                   with --invalid-reason, where it is looked for\n"
	       "[!] --offloadable                  a flowtable may take it\n"
	       "LIST: any of these words (--all-status: all of them), separated by commas.\n"
	       "--invalid-reason goes with --state and --in-zone only: an INVALID packet has no\n"
	       "connection.\n");
}

static unsigned int parse_word(const char *option, const char *word, size_t len,
			       const struct word *words)
{
	const struct word *w;
	char buf[256];

	for (w = words; w->name; w++)
		if (strlen(w->name) == len && !strncasecmp(w->name, word, len))
			return w->bits;

	xtables_error(PARAMETER_PROBLEM,
		      "ctstate2: --%s: %s\"%.*s\"; it takes %s %s",
		      option, len ? "unknown word " : "empty word ", (int)len, word,
		      words == direction_words ? "one of" : "a comma-separated list of",
		      list_words(words, buf, sizeof(buf)));
	return 0; /* xtables_error() does not come back */
}

static unsigned int parse_list(const char *option, const char *arg,
			       const struct word *words)
{
	unsigned int bits = 0;
	size_t len;

	for (;; arg += len + 1) {
		len = strcspn(arg, ",");
		bits |= parse_word(option, arg, len, words);
		if (!arg[len])
			return bits;
	}
}

static void print_list(unsigned int bits, const struct word *words)
{
	const char *sep = " ";

	for (; words->name; words++) {
		if ((bits & words->bits) != words->bits)
			continue;
		printf("%s%s", sep, words->name);
		bits &= ~words->bits;
		sep = ",";
	}
}

/* What -p says, if it comes before -m. Else the kernel checks it. */
struct protocol {
	unsigned int number;
	unsigned int icmp; /* its errors belong to other connections */
};

static void check_protocol(const char *option, const struct protocol *p,
			   unsigned int good, const char *name)
{
	if (!p->number || p->number == good || p->number == p->icmp)
		return;
	xtables_error(PARAMETER_PROBLEM,
		      "ctstate2: --%s: no packet of protocol %u belongs to such a connection; use -p %s, or no -p",
		      option, p->number, name);
}

static void ctstate2_mt_parse(struct xt_option_call *cb,
			      const struct protocol *protocol)
{
	const struct condition *c = &conditions[cb->entry->id];
	struct xt_ctstate2_mtinfo *info = cb->data;
	unsigned int bits = 0;

	xtables_option_parse(cb);
	info->match |= c->bit;
	if (cb->invert)
		info->invert |= c->bit;
	if (c->words) {
		bits = parse_list(c->name, cb->arg, c->words);
		*(__u32 *)((char *)info + c->offset) = bits;
	}

	switch (cb->entry->id) {
	case O_ALL_STATUS:
		if (bits & XT_CTSTATE2_STATUS_NONE &&
		    bits != XT_CTSTATE2_STATUS_NONE)
			xtables_error(PARAMETER_PROBLEM,
				      "ctstate2: --all-status %s: no connection has NONE together with another status; use --status to match any of them",
				      cb->arg);
		break;
	case O_TCP_STATE:
		check_protocol(c->name, protocol, IPPROTO_TCP, "tcp");
		break;
	case O_SCTP_STATE:
		check_protocol(c->name, protocol, IPPROTO_SCTP, "sctp");
		break;
	case O_DIRECTION:
		info->direction = parse_word(c->name, cb->arg, strlen(cb->arg),
					     direction_words);
		break;
	case O_EXPIRES:
		info->expires_min = cb->val.u32_range[0];
		info->expires_max = cb->val.u32_range[cb->nvals == 2];
		if (info->expires_min > info->expires_max)
			xtables_error(PARAMETER_PROBLEM,
				      "ctstate2: --expires %s: the first number is larger than the second; use %u:%u",
				      cb->arg, info->expires_max,
				      info->expires_min);
		break;
	case O_ZONE:
		info->zone = cb->val.u16;
		break;
	}
}

static void ctstate2_mt4_parse(struct xt_option_call *cb)
{
	const struct ipt_entry *entry = cb->xt_entry;
	struct protocol p = { .icmp = IPPROTO_ICMP };

	if (!(entry->ip.invflags & XT_INV_PROTO))
		p.number = entry->ip.proto;

	ctstate2_mt_parse(cb, &p);
}

static void ctstate2_mt6_parse(struct xt_option_call *cb)
{
	const struct ip6t_entry *entry = cb->xt_entry;
	struct protocol p = { .icmp = IPPROTO_ICMPV6 };

	if (!(entry->ipv6.invflags & XT_INV_PROTO))
		p.number = entry->ipv6.proto;

	ctstate2_mt_parse(cb, &p);
}

/* With --direction: does it match replies? */
static bool is_reply(const struct xt_ctstate2_mtinfo *info)
{
	bool invert = info->invert & XT_CTSTATE2_DIRECTION;

	return (info->direction == IP_CT_DIR_REPLY) != invert;
}

/* The states that --state allows. SNAT and DNAT allow any of a connection. */
static unsigned int states_left(const struct xt_ctstate2_mtinfo *info)
{
	unsigned int all = XT_CTSTATE2_STATE_ALL & ~NAT;
	unsigned int state = info->state & ~NAT;

	if (!(info->match & XT_CTSTATE2_STATE))
		return all;
	if (info->invert & XT_CTSTATE2_STATE)
		return all & ~state;
	return info->state & NAT ? state | ORIGINAL | REPLY : state;
}

/* Is it about a connection? A zone beside a reason is where to look for one. */
static bool is_about_connection(const struct xt_ctstate2_mtinfo *info,
				const struct condition *c)
{
	return info->match & c->bit & XT_CTSTATE2_CONNECTION &&
	       !(info->match & XT_CTSTATE2_REASON && c->bit == XT_CTSTATE2_ZONE);
}

/* The kernel refuses any rule that can never match; these we can explain. */
static void check_possible(const struct xt_ctstate2_mtinfo *info)
{
	unsigned int direction = is_reply(info) ? REPLY : ORIGINAL;
	unsigned int left = states_left(info);
	const struct condition *c;

	if (info->match & XT_CTSTATE2_REASON &&
	    !(left & XT_CTSTATE2_STATE_INVALID))
		xtables_error(PARAMETER_PROBLEM,
			      "ctstate2: --invalid-reason with --state: only INVALID packets have a reason; leave --state out");
	for (c = conditions; c < conditions + ARRAY_SIZE(conditions); c++)
		if (is_about_connection(info, c) &&
		    !(left & (ORIGINAL | REPLY)))
			xtables_error(PARAMETER_PROBLEM,
				      "ctstate2: --%s with --state: packets in these states have no connection; leave out --%s or --state",
				      c->name, c->name);
	if (info->match & XT_CTSTATE2_DIRECTION && !(left & direction))
		xtables_error(PARAMETER_PROBLEM,
			      "ctstate2: --direction with --state: packets in these states go the other way; leave out --direction or --state");
}

static void ctstate2_mt_fcheck(struct xt_fcheck_call *cb)
{
	const struct xt_ctstate2_mtinfo *info = cb->data;
	const struct condition *c;

	if (!info->match)
		xtables_error(PARAMETER_PROBLEM,
			      "ctstate2: no condition given; use --state LIST, or see iptables -m ctstate2 -h");
	check_possible(info);
	if (!(info->match & XT_CTSTATE2_REASON))
		return;
	for (c = conditions; c < conditions + ARRAY_SIZE(conditions); c++)
		if (is_about_connection(info, c))
			xtables_error(PARAMETER_PROBLEM,
				      "ctstate2: --invalid-reason with --%s: an INVALID packet has no connection; use two rules",
				      c->name);
	if (info->invert & XT_CTSTATE2_ZONE)
		xtables_error(PARAMETER_PROBLEM,
			      "ctstate2: --invalid-reason with ! --in-zone: the reason is looked for in one zone; name it");
}

/* @dashes is "--" for what iptables-restore reads, "" for people */
static void print_conditions(const struct xt_ctstate2_mtinfo *info,
			     const char *dashes)
{
	const struct condition *c;

	for (c = conditions; c < conditions + ARRAY_SIZE(conditions); c++) {
		if (!(info->match & c->bit))
			continue;
		printf("%s %s%s", info->invert & c->bit ? " !" : "", dashes, c->name);
		if (c->words)
			print_list(*(const __u32 *)((const char *)info +
						    c->offset), c->words);
		else if (c->bit == XT_CTSTATE2_DIRECTION)
			printf(" %s", direction_words[info->direction].name);
		else if (c->bit == XT_CTSTATE2_ZONE)
			printf(" %u", info->zone);
		else if (c->bit == XT_CTSTATE2_EXPIRES)
			printf(info->expires_min == info->expires_max ? " %u" : " %u:%u",
			       info->expires_min, info->expires_max);
	}
}

static void ctstate2_mt_print(const void *ip __attribute__((unused)),
			      const struct xt_entry_match *match,
			      int numeric __attribute__((unused)))
{
	printf(" ctstate2");
	print_conditions((const void *)match->data, "");
}

static void ctstate2_mt_save(const void *ip __attribute__((unused)),
			     const struct xt_entry_match *match)
{
	print_conditions((const void *)match->data, "--");
}

/* nft's words for the states that it does not split by direction */
static const struct word nft_states[] = {
	{ "new", NEW },
	{ "established", EST_ORIGINAL | EST_REPLY },
	{ "related", REL_ORIGINAL | REL_REPLY },
	{ "invalid", XT_CTSTATE2_STATE_INVALID },
	{ "untracked", XT_CTSTATE2_STATE_UNTRACKED },
	{ NULL, 0 },
};

static const struct word nft_split_states[] = {
	{ "new . original", NEW },
	{ "established . original", EST_ORIGINAL },
	{ "established . reply", EST_REPLY },
	{ "related . original", REL_ORIGINAL },
	{ "related . reply", REL_REPLY },
	{ NULL, 0 },
};

static const struct word nft_nat[] = {
	{ "snat", XT_CTSTATE2_STATE_SNAT },
	{ "dnat", XT_CTSTATE2_STATE_DNAT },
	{ NULL, 0 },
};

/* @key, then the words that share a bit with @bits, with @sep between them */
static void xlate_words(struct xt_xlate *xl, const char *key, unsigned int bits,
			const struct word *words, const char *sep)
{
	const char *before = " ";

	xt_xlate_add(xl, "%s", key);
	for (; words->name; words++) {
		if (!(bits & words->bits))
			continue;
		xt_xlate_add_nospc(xl, "%s%s", before, words->name);
		before = sep;
	}
}

/* One direction of ESTABLISHED or RELATED without the other? */
static bool is_split(unsigned int state)
{
	return !(state & EST_ORIGINAL) != !(state & EST_REPLY) ||
	       !(state & REL_ORIGINAL) != !(state & REL_REPLY);
}

/*
 * nft cannot say everything: there, a condition on direction or status is false
 * for a packet without a connection, and one rule's conditions are ANDed.
 */
static int xlate_state(struct xt_xlate *xl, unsigned int state, bool invert)
{
	if (state & NAT) {
		if (invert || state & ~NAT)
			return 0;
		xlate_words(xl, "ct status", state, nft_nat, ",");
		return 1;
	}
	if (invert && is_split(state)) {
		state = XT_CTSTATE2_STATE_ALL & ~NAT & ~state;
		invert = false;
	}
	if (!is_split(state)) {
		/* not "!=", which compares with the list's bits all together */
		xlate_words(xl, invert ? "ct state !" : "ct state", state,
			    nft_states, ",");
		return 1;
	}
	if (state & ~(ORIGINAL | REPLY))
		return 0;
	if (!(state & ORIGINAL) || !(state & REPLY)) {
		xlate_words(xl, "ct state", state, nft_states, ",");
		xt_xlate_add(xl, "ct direction %s",
			     state & REPLY ? "reply" : "original");
		return 1;
	}
	xlate_words(xl, "ct state . ct direction {", state, nft_split_states,
		    ", ");
	xt_xlate_add_nospc(xl, " }");
	return 1;
}

/* nft knows no words for some bits, but takes their numbers */
static const struct word nft_status[] = {
	{ "expected", IPS_EXPECTED },
	{ "seen-reply", IPS_SEEN_REPLY },
	{ "assured", IPS_ASSURED },
	{ "confirmed", IPS_CONFIRMED },
	{ "snat", IPS_SRC_NAT },
	{ "dnat", IPS_DST_NAT },
	{ "0x40", IPS_SEQ_ADJUST },
	{ "dying", IPS_DYING },
	{ "0x400", IPS_FIXED_TIMEOUT },
	{ "0x2000", IPS_HELPER },
	{ "0x4000", IPS_OFFLOAD },
	{ "0x8000", IPS_HW_OFFLOAD },
	{ NULL, 0 },
};

/* NONE is not any of the others, and cannot be said together with them */
static int xlate_status(struct xt_xlate *xl, unsigned int status, bool all,
			bool invert)
{
	if (status == XT_CTSTATE2_STATUS_NONE) {
		status = XT_CTSTATE2_STATUS_IPS;
		all = false;
		invert = !invert;
	}
	if (status & XT_CTSTATE2_STATUS_NONE)
		return 0;
	if (all && status & (status - 1)) {
		xlate_words(xl, invert ? "ct status !=" : "ct status", status,
			    nft_status, ",");
		xlate_words(xl, " /", status, nft_status, ",");
	} else {
		xlate_words(xl, invert ? "ct status !" : "ct status", status,
			    nft_status, ",");
	}
	return 1;
}

/*
 * nft counts milliseconds in 32 bits, and lists whole seconds; our 10 is from
 * 10 s to less than 11 s. For what is outside a range, it takes "!= 3s-10999ms" and
 * lists "!= 3s-10s".
 */
static int xlate_expires(struct xt_xlate *xl,
			 const struct xt_ctstate2_mtinfo *info)
{
	unsigned int most = UINT32_MAX / 1000 - 1;
	bool invert = info->invert & XT_CTSTATE2_EXPIRES;
	bool from = info->expires_min > 0, to = info->expires_max < UINT32_MAX;

	if (info->expires_min > most || (to && info->expires_max > most) ||
	    (!from && !to) || (from && to && invert))
		return 0;
	if (from)
		xt_xlate_add(xl, "ct expiration %s %us", invert ? "<" : ">=",
			     info->expires_min);
	if (to)
		xt_xlate_add(xl, "ct expiration %s %us", invert ? ">=" : "<",
			     info->expires_max + 1);
	return 1;
}

/* The direction of all packets that match, or NULL */
static const char *xlate_direction(const struct xt_ctstate2_mtinfo *info)
{
	unsigned int state = info->state;

	if (info->match & XT_CTSTATE2_DIRECTION)
		return is_reply(info) ? "reply" : "original";
	if (info->invert & XT_CTSTATE2_STATE)
		state = ~state;
	if (!(state & ORIGINAL) == !(state & REPLY))
		return NULL;
	return state & REPLY ? "reply" : "original";
}

static int ctstate2_mt_xlate(struct xt_xlate *xl,
			     const struct xt_xlate_mt_params *params)
{
	const struct xt_ctstate2_mtinfo *info =
		(const void *)params->match->data;
	const char *direction = xlate_direction(info);

	if (info->match & (XT_CTSTATE2_TCP_STATE | XT_CTSTATE2_SCTP_STATE |
			   XT_CTSTATE2_OFFLOADABLE | XT_CTSTATE2_REASON))
		return 0;
	if (info->match & XT_CTSTATE2_STATE &&
	    !xlate_state(xl, info->state, info->invert & XT_CTSTATE2_STATE))
		return 0;
	if (info->match & XT_CTSTATE2_STATUS &&
	    !xlate_status(xl, info->status, false,
			  info->invert & XT_CTSTATE2_STATUS))
		return 0;
	if (info->match & XT_CTSTATE2_ALL_STATUS &&
	    !xlate_status(xl, info->all_status, true,
			  info->invert & XT_CTSTATE2_ALL_STATUS))
		return 0;
	if (info->match & XT_CTSTATE2_DIRECTION)
		xt_xlate_add(xl, "ct direction %s", direction);
	if (info->match & XT_CTSTATE2_EXPIRES && !xlate_expires(xl, info))
		return 0;
	if (info->match & XT_CTSTATE2_ZONE) {
		/* nft asks for a direction's zone, not for the packet's */
		if (!direction)
			return 0;
		xt_xlate_add(xl, "ct %s zone %s%u", direction,
			     info->invert & XT_CTSTATE2_ZONE ? "!= " : "",
			     info->zone);
	}
	return 1;
}

#define REGISTRATION(nfproto, parse) { \
	.version	= XTABLES_VERSION, \
	.name		= "ctstate2", \
	.revision	= 0, \
	.family		= nfproto, \
	.size		= XT_ALIGN(sizeof(struct xt_ctstate2_mtinfo)), \
	.userspacesize	= offsetof(struct xt_ctstate2_mtinfo, accept), \
	.help		= ctstate2_mt_help, \
	.x6_parse	= parse, \
	.x6_fcheck	= ctstate2_mt_fcheck, \
	.x6_options	= ctstate2_mt_opts, \
	.print		= ctstate2_mt_print, \
	.save		= ctstate2_mt_save, \
	.xlate		= ctstate2_mt_xlate, \
}

static struct xtables_match ctstate2_mt_reg[] = {
	REGISTRATION(NFPROTO_IPV4, ctstate2_mt4_parse),
	REGISTRATION(NFPROTO_IPV6, ctstate2_mt6_parse),
};

static void __attribute__((constructor)) ctstate2_register(void)
{
	xtables_register_matches(ctstate2_mt_reg, ARRAY_SIZE(ctstate2_mt_reg));
}
