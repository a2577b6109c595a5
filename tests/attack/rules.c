// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules with this project's matches and targets, most of them with random or broken structs, in
 * all tables of iptables-legacy and ip6tables-legacy, and as nftables' expressions in each
 * family. Prints KIND_WAY ACCEPTED REFUSED; leaked: bytes of the kernel's part of a struct that
 * came back.
 *
 * rules SECONDS SEED [fail]
 */
#include "attack.h"
#include <sched.h>
#include <stddef.h>
#include <net/if.h>
#include <netinet/in.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netfilter/xt_CTLOG.h>
#include <linux/netfilter/xt_ctfull.h>
#include <linux/netfilter/xt_ctstate2.h>

#define INFO_MAX	256

enum kind { CTSTATE2, CTFULL_MATCH, CTFULL_TARGET, CTLOG, N_KINDS };

static const struct kind_info {
	const char *name;
	const char *word;
	unsigned int size;
	unsigned int user;
	bool target;
} kinds[] = {
	{ "ctstate2", "ctstate2", sizeof(struct xt_ctstate2_mtinfo),
	  offsetof(struct xt_ctstate2_mtinfo, accept), false },
	{ "ctfull", "ctfull_match", sizeof(struct xt_ctfull_mtinfo),
	  offsetof(struct xt_ctfull_mtinfo, latch), false },
	{ "CTFULL", "ctfull_target", sizeof(struct xt_ctfull_tginfo),
	  offsetof(struct xt_ctfull_tginfo, rule), true },
	{ "CTLOG", "ctlog", sizeof(struct xt_ctlog_tginfo),
	  offsetof(struct xt_ctlog_tginfo, raw), true },
};

static unsigned int accepted[N_KINDS][2], refused[N_KINDS][2], leaked, listed;

/* A match or a target, as it is to be sent */
struct extension {
	enum kind kind;
	char name[XT_EXTENSION_MAXNAMELEN];
	__u8 revision;
	unsigned int size;
	__u8 info[INFO_MAX];
};

/* --- What a plugin might send --- */

static __u32 bits_of(__u32 all)
{
	__u32 bits = attack_random() & attack_random() & all;

	return bits ? bits : all & -all;
}

static void good_ctstate2(struct xt_ctstate2_mtinfo *info)
{
	info->match = bits_of(XT_CTSTATE2_ALL);
	if (info->match & XT_CTSTATE2_REASON)
		info->match &= XT_CTSTATE2_REASON | XT_CTSTATE2_STATE;
	if (info->match & XT_CTSTATE2_TCP_STATE)
		info->match &= ~XT_CTSTATE2_SCTP_STATE;
	info->invert = attack_random() & info->match;
	if (info->match & XT_CTSTATE2_STATE)
		info->state = bits_of(XT_CTSTATE2_STATE_ALL);
	if (info->match & XT_CTSTATE2_STATUS)
		info->status = bits_of(XT_CTSTATE2_STATUS_ALL);
	if (info->match & XT_CTSTATE2_ALL_STATUS)
		info->all_status = bits_of(XT_CTSTATE2_STATUS_IPS);
	if (info->match & XT_CTSTATE2_TCP_STATE)
		info->tcp_state = bits_of(XT_CTSTATE2_TCP_ALL);
	if (info->match & XT_CTSTATE2_SCTP_STATE)
		info->sctp_state = bits_of(XT_CTSTATE2_SCTP_ALL);
	if (info->match & XT_CTSTATE2_REASON)
		info->reason = bits_of(XT_CTSTATE2_REASON_ALL);
	if (info->match & XT_CTSTATE2_EXPIRES) {
		info->expires_min = attack_number();
		info->expires_max = attack_one_in(2) ? ~0U : info->expires_min + attack_below(100);
	}
	if (info->match & XT_CTSTATE2_ZONE)
		info->zone = attack_number();
	if (info->match & XT_CTSTATE2_DIRECTION)
		info->direction = attack_below(2);
}

static void good_ctfull_match(struct xt_ctfull_mtinfo *info)
{
	info->flags = bits_of(XT_CTFULL_CONDITIONS);
	info->invert = attack_random() & info->flags;
	if (!(info->flags & XT_CTFULL_ABOVE))
		return;
	info->above = 1 + attack_below(100);
	if (attack_one_in(2))
		info->flags |= XT_CTFULL_ABOVE_PERCENT;
	if (attack_one_in(2)) {
		info->until = 1 + attack_below(info->above);
		if (attack_one_in(2))
			info->flags |= XT_CTFULL_UNTIL_PERCENT;
	}
}

static void good_prefix(char *prefix, unsigned int len)
{
	unsigned int i, n = attack_below(len);

	for (i = 0; i < n; i++)
		prefix[i] = ' ' + attack_below(0x7f - ' ');
	if (attack_one_in(4))
		memcpy(prefix, "%s%n%p", 7);
}

static void good_ctfull_target(struct xt_ctfull_tginfo *info)
{
	info->flags = attack_below(XT_CTFULL_TG_ALL + 1);
	if (info->flags & XT_CTFULL_NFLOG)
		info->group = attack_number();
	else
		info->level = attack_below(8);
	info->warn_at = 1 + attack_below(100);
	good_prefix(info->prefix, sizeof(info->prefix));
	info->reserve = info->flags & XT_CTFULL_RESERVE_PERCENT ? 1 + attack_below(99) :
								   attack_below(50);
	/* The log is not what is attacked. */
	info->log_rate = attack_one_in(8) ? attack_below(20) : 0;
	info->log_burst = 1 + attack_below(5);
}

static void good_ctlog(struct xt_ctlog_tginfo *info)
{
	/* Each packet that comes by has its line: mostly to a group that nobody listens to. */
	info->flags = attack_one_in(100) ? 0 : XT_CTLOG_NFLOG;
	if (info->flags)
		info->group = attack_number();
	else
		info->level = 7;
	good_prefix(info->prefix, sizeof(info->prefix));
}

static struct extension random_extension(bool target, bool good)
{
	struct extension e = {
		.kind = target ? CTFULL_TARGET + attack_below(2) : attack_below(2),
	};
	const struct kind_info *kind = &kinds[e.kind];

	snprintf(e.name, sizeof(e.name), "%s", kind->name);
	e.size = XT_ALIGN(kind->size);
	switch (e.kind) {
	case CTSTATE2:
		good_ctstate2((void *)e.info);
		break;
	case CTFULL_MATCH:
		good_ctfull_match((void *)e.info);
		break;
	case CTFULL_TARGET:
		good_ctfull_target((void *)e.info);
		break;
	default:
		good_ctlog((void *)e.info);
	}
	/* The kernel's own part is its own, whatever is sent. */
	if (attack_one_in(2))
		attack_bytes(e.info + kind->user, e.size - kind->user);
	if (good)
		return e;
	switch (attack_below(20)) {
	case 0:
		attack_bytes(e.info, kind->user);
		break;
	case 1:
		/* for each, the kernel starts modprobe */
		if (attack_one_in(200))
			e.revision = attack_number();
		break;
	case 2:
		e.size = XT_ALIGN(attack_below(INFO_MAX - 8));
		break;
	default:
		attack_break(e.info, kind->user);
	}
	return e;
}

static void count(const struct extension *e, bool nft, bool was_refused)
{
	(*(was_refused ? &refused[e->kind][nft] : &accepted[e->kind][nft]))++;
}

/* --- The legacy tables --- */

struct table {
	const char *name;
	unsigned int hooks;
};

static const struct table tables[] = {
	{ "raw", 1 << 0 | 1 << 3 },
	{ "mangle", 0x1f },
	{ "filter", 1 << 1 | 1 << 2 | 1 << 3 },
	{ "nat", 1 << 0 | 1 << 1 | 1 << 3 | 1 << 4 },
};

#define BLOB	32768

/* What both families have under other names */
struct legacy {
	int family;
	int level;
	int fd;
	size_t entry;		/* size of an entry */
	unsigned int n[N_ITEMS(tables)];	/* entries in each */
};

static __u8 blob[sizeof(struct ipt_replace) + BLOB];
static unsigned int blob_len;

static __u8 *put(const void *data, unsigned int len)
{
	__u8 *to = blob + sizeof(struct ipt_replace) + blob_len;

	memset(to, 0, len);
	if (data)
		memcpy(to, data, len);
	blob_len += len;
	return to;
}

static void entry_begin(const struct legacy *l, __u8 protocol)
{
	__u8 *to = put(NULL, l->entry);

	if (l->family == AF_INET) {
		((struct ipt_entry *)to)->ip.proto = protocol;
		if (protocol && attack_one_in(8))
			((struct ipt_entry *)to)->ip.invflags = IPT_INV_PROTO;
	} else {
		((struct ip6t_entry *)to)->ipv6.proto = protocol;
		if (protocol)
			((struct ip6t_entry *)to)->ipv6.flags = IP6T_F_PROTO;
	}
}

static void entry_end(const struct legacy *l, unsigned int start, unsigned int target)
{
	__u8 *to = blob + sizeof(struct ipt_replace) + start;

	if (l->family == AF_INET) {
		((struct ipt_entry *)to)->target_offset = target - start;
		((struct ipt_entry *)to)->next_offset = blob_len - start;
	} else {
		((struct ip6t_entry *)to)->target_offset = target - start;
		((struct ip6t_entry *)to)->next_offset = blob_len - start;
	}
}

static void put_extension(const struct extension *e)
{
	struct xt_entry_match header = {};

	/* A target begins with the same fields. */
	header.u.user.match_size = sizeof(header) + e->size;
	memcpy(header.u.user.name, e->name, sizeof(header.u.user.name));
	header.u.user.revision = e->revision;
	put(&header, sizeof(header));
	put(e->info, e->size);
}

static void put_standard(int verdict)
{
	struct xt_standard_target t = { .verdict = verdict };

	t.target.u.user.target_size = sizeof(t);
	put(&t, sizeof(t));
}

/* A rule with what is random, or the policy of a chain */
static void put_rule(const struct legacy *l, struct extension *match, struct extension *target,
		     __u8 protocol)
{
	unsigned int start = blob_len, at;

	entry_begin(l, protocol);
	if (match)
		put_extension(match);
	at = blob_len;
	if (target)
		put_extension(target);
	else
		/* a rule goes on with the next one; a policy lets all through */
		put_standard(match ? (int)blob_len + (int)sizeof(struct xt_standard_target) :
				     -NF_ACCEPT - 1);
	entry_end(l, start, at);
}

static void refresh(struct legacy *l, unsigned int t)
{
	struct ipt_getinfo info = {};
	socklen_t len = sizeof(info);

	snprintf(info.name, sizeof(info.name), "%s", tables[t].name);
	if (getsockopt(l->fd, l->level, IPT_SO_GET_INFO, &info, &len))
		attack_die(tables[t].name);
	l->n[t] = info.num_entries;
}

/* Reads a table: is what the kernel keeps in it for itself kept to itself? */
static void list(struct legacy *l, unsigned int t)
{
	static __u8 buffer[sizeof(struct ipt_get_entries) + BLOB];
	struct ipt_get_entries *get = (void *)buffer;
	struct ipt_getinfo info = {};
	socklen_t len = sizeof(info);
	unsigned int at, i, kind;

	snprintf(info.name, sizeof(info.name), "%s", tables[t].name);
	if (getsockopt(l->fd, l->level, IPT_SO_GET_INFO, &info, &len) || info.size > BLOB)
		return;
	/* What the kernel does not write stays as it was before. */
	memset(buffer, 0, sizeof(buffer));
	snprintf(get->name, sizeof(get->name), "%s", tables[t].name);
	get->size = info.size;
	len = sizeof(*get) + info.size;
	if (getsockopt(l->fd, l->level, IPT_SO_GET_ENTRIES, get, &len))
		return;
	listed++;
	for (at = sizeof(*get); at + sizeof(struct xt_entry_match) <= len; at += 8) {
		struct xt_entry_match *e = (void *)(buffer + at);

		for (kind = 0; kind < N_KINDS; kind++) {
			if (strncmp(e->u.user.name, kinds[kind].name, sizeof(e->u.user.name)) ||
			    e->u.user.match_size != sizeof(*e) + XT_ALIGN(kinds[kind].size))
				continue;
			for (i = kinds[kind].user; i < kinds[kind].size; i++)
				leaked += !!e->data[i];
		}
	}
}

static void replace(struct legacy *l)
{
	static struct xt_counters counters[1024];
	unsigned int t = attack_below(N_ITEMS(tables)), hook, n = 0, start, i, used = 0;
	struct ipt_replace *r = (void *)blob;
	struct extension sent[8];
	bool good = attack_one_in(3);
	struct xt_error_target error = {};
	unsigned int rules = 1 + attack_below(good ? 4 : 2);
	unsigned int in = attack_below(5);
	int err, tries = 3;

	/* Most rules are to get to the structs' own tests. */
	if (attack_one_in(2))
		t = 0;
	while (!(tables[t].hooks & 1 << in))
		in = attack_below(5);
	memset(r, 0, sizeof(*r));
	blob_len = 0;
	snprintf(r->name, sizeof(r->name), "%s", tables[t].name);
	r->valid_hooks = tables[t].hooks;
	for (hook = 0; hook < 5; hook++) {
		if (!(r->valid_hooks & 1 << hook))
			continue;
		r->hook_entry[hook] = blob_len;
		for (i = 0; hook == in && i < rules; i++) {
			static const __u8 protocols[] = { 0, 0, 0, 6, 17, 132, 1, 58 };
			__u8 protocol = protocols[attack_below(sizeof(protocols))];
			struct extension *match = NULL, *target = NULL;

			if (attack_one_in(2)) {
				match = &sent[used++];
				*match = random_extension(false, good);
			}
			if (!match || attack_one_in(2)) {
				target = &sent[used++];
				do {
					*target = random_extension(true, good);
				} while (good && t && target->kind == CTFULL_TARGET);
			}
			/* else the protocol is none that its states are of */
			if (good && match && match->kind == CTSTATE2)
				protocol = ((struct xt_ctstate2_mtinfo *)match->info)->tcp_state ?
					   6 :
					   ((struct xt_ctstate2_mtinfo *)match->info)->sctp_state ?
					   132 : 0;
			put_rule(l, match, target, protocol);
			n++;
		}
		r->underflow[hook] = blob_len;
		put_rule(l, NULL, NULL, 0);
		n++;
	}
	start = blob_len;
	entry_begin(l, 0);
	error.target.u.user.target_size = sizeof(error);
	snprintf(error.target.u.user.name, sizeof(error.target.u.user.name), "%s", XT_ERROR_TARGET);
	snprintf(error.errorname, sizeof(error.errorname), "%s", "ERROR");
	i = blob_len;
	put(&error, sizeof(error));
	entry_end(l, start, i);
	r->num_entries = n + 1;
	r->size = blob_len;
	r->counters = counters;
	if (!good && attack_one_in(50))
		attack_break(blob + sizeof(r->name), sizeof(*r) - sizeof(r->name) + blob_len -
			     sizeof(r->counters));
	/* What was broken must not write to this program's memory. */
	r->counters = counters;
	do {
		r->num_counters = l->n[t];
		do {
			attack_arm();
			err = setsockopt(l->fd, l->level, IPT_SO_SET_REPLACE, r,
					 sizeof(*r) + blob_len) ? errno : 0;
		} while (attack_again());
		if (err != EAGAIN)
			break;
		refresh(l, t);
	} while (--tries);
	if (!err)
		l->n[t] = n + 1;
	for (i = 0; i < used; i++)
		count(&sent[i], false, err);
	if (attack_one_in(20))
		list(l, t);
}

static struct legacy begin_legacy(int family)
{
	struct legacy l = {
		.family = family,
		.level = family == AF_INET ? SOL_IP : SOL_IPV6,
		.fd = socket(family, SOCK_RAW, IPPROTO_RAW),
		.entry = family == AF_INET ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry),
	};
	unsigned int t;

	if (l.fd < 0)
		attack_die("a raw socket");
	for (t = 0; t < N_ITEMS(tables); t++)
		refresh(&l, t);
	return l;
}

/* --- nftables --- */

static const __u8 families[] = { NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_INET, NFPROTO_BRIDGE };

/* Each as a table of this name, with a chain of the same name */
static const struct { const char *name; int hook; int priority; } chains[] = {
	{ "raw", 0, -300 }, { "mangle", 0, -150 }, { "forward", 2, 0 }, { "output", 3, -300 },
};

static void batch(struct attack_messages *m, __u16 type, __u32 seq)
{
	struct nfgenmsg header = { .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	attack_message(m, type, 0, seq);
	attack_put(m, &header, sizeof(header));
	attack_message_end(m);
}

static void nft(struct attack_messages *m, __u16 type, __u16 flags, __u8 family,
		__u32 seq)
{
	struct nfgenmsg header = { .nfgen_family = family };

	attack_message(m, NFNL_SUBSYS_NFTABLES << 8 | type, flags | NLM_F_ACK, seq);
	attack_put(m, &header, sizeof(header));
}

#define SEQ_OTHER	1000000

/* Tables of these names, in all families; those that there were are gone. */
static void nft_tables(struct attack_messages *m)
{
	unsigned int f, c;
	size_t nest;

	batch(m, NFNL_MSG_BATCH_BEGIN, SEQ_OTHER);
	for (f = 0; f < N_ITEMS(families); f++) {
		for (c = 0; c < N_ITEMS(chains); c++) {
			nft(m, NFT_MSG_NEWTABLE, NLM_F_CREATE, families[f], SEQ_OTHER);
			attack_attr_text(m, NFTA_TABLE_NAME, chains[c].name);
			attack_message_end(m);
			nft(m, NFT_MSG_DELTABLE, 0, families[f], SEQ_OTHER);
			attack_attr_text(m, NFTA_TABLE_NAME, chains[c].name);
			attack_message_end(m);
			nft(m, NFT_MSG_NEWTABLE, NLM_F_CREATE, families[f], SEQ_OTHER);
			attack_attr_text(m, NFTA_TABLE_NAME, chains[c].name);
			attack_message_end(m);
			nft(m, NFT_MSG_NEWCHAIN, NLM_F_CREATE, families[f], SEQ_OTHER);
			attack_attr_text(m, NFTA_CHAIN_TABLE, chains[c].name);
			attack_attr_text(m, NFTA_CHAIN_NAME, chains[c].name);
			nest = attack_nest(m, NFTA_CHAIN_HOOK);
			attack_attr_be32(m, NFTA_HOOK_HOOKNUM, chains[c].hook);
			attack_attr_be32(m, NFTA_HOOK_PRIORITY, chains[c].priority);
			attack_nest_end(m, nest);
			attack_attr_text(m, NFTA_CHAIN_TYPE, "filter");
			attack_message_end(m);
		}
	}
	batch(m, NFNL_MSG_BATCH_END, SEQ_OTHER);
}

static void put_expression(struct attack_messages *m, const struct extension *e)
{
	bool target = kinds[e->kind].target;
	size_t nest = attack_nest(m, NFTA_LIST_ELEM), data;

	attack_attr_text(m, NFTA_EXPR_NAME, target ? "target" : "match");
	data = attack_nest(m, NFTA_EXPR_DATA);
	/* Both have the same attributes. */
	attack_attr_text(m, NFTA_MATCH_NAME, e->name);
	attack_attr_be32(m, NFTA_MATCH_REV, e->revision);
	attack_attr(m, NFTA_MATCH_INFO, e->info, e->size);
	attack_nest_end(m, data);
	attack_nest_end(m, nest);
}

/* The errors of a batch by its messages' numbers; a rule without one was taken. */
#define NFT_BATCH	32
static int nft_error[NFT_BATCH];

static void nft_count(__u32 seq, int error)
{
	if (seq < N_ITEMS(nft_error))
		nft_error[seq] = error;
}

static void nft_rules(int fd, struct attack_messages *m)
{
	static struct extension sent[2 * NFT_BATCH];
	unsigned int f = attack_below(attack_one_in(16) ? N_ITEMS(families) : 2);
	bool good = attack_one_in(4);
	/* Where there is no such target, the kernel starts modprobe for each. */
	unsigned int n = attack_fail_fd >= 0 || f > 1 ? 2 : good ? 4 : NFT_BATCH;
	unsigned int used = 0, i, of[2 * NFT_BATCH];

	memset(nft_error, -1, sizeof(nft_error));
	batch(m, NFNL_MSG_BATCH_BEGIN, SEQ_OTHER);
	for (i = 0; i < n; i++) {
		unsigned int c = attack_one_in(2) ? 0 : attack_below(N_ITEMS(chains));
		static const __u8 protocols[] = { 6, 17, 132, 1, 58 };
		size_t nest;

		nft(m, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, families[f], i);
		attack_attr_text(m, NFTA_RULE_TABLE, chains[c].name);
		attack_attr_text(m, NFTA_RULE_CHAIN, chains[c].name);
		nest = attack_nest(m, NFTA_RULE_EXPRESSIONS);
		if (attack_one_in(2)) {
			of[used] = i;
			sent[used] = random_extension(false, good);
			put_expression(m, &sent[used++]);
		}
		if (!used || of[used - 1] != i || attack_one_in(2)) {
			of[used] = i;
			do {
				sent[used] = random_extension(true, good);
			} while (good && c && sent[used].kind == CTFULL_TARGET);
			put_expression(m, &sent[used++]);
		}
		attack_nest_end(m, nest);
		if (attack_one_in(2)) {
			nest = attack_nest(m, NFTA_RULE_COMPAT);
			attack_attr_be32(m, NFTA_RULE_COMPAT_PROTO,
					 protocols[attack_below(sizeof(protocols))]);
			attack_attr_be32(m, NFTA_RULE_COMPAT_FLAGS,
					 attack_one_in(4) ? NFT_RULE_COMPAT_F_INV : 0);
			attack_nest_end(m, nest);
		}
		if (!good && attack_one_in(500))
			attack_break_message(m, sizeof(struct nlmsghdr));
		attack_message_end(m);
	}
	batch(m, NFNL_MSG_BATCH_END, SEQ_OTHER);
	attack_send(fd, m);
	attack_read(fd, nft_count);
	for (i = 0; i < used; i++)
		count(&sent[i], true, nft_error[of[i]]);
}

static void nft_list(int fd, struct attack_messages *m)
{
	nft(m, NFT_MSG_GETRULE, NLM_F_DUMP, families[attack_below(N_ITEMS(families))], SEQ_OTHER);
	attack_message_end(m);
	attack_send(fd, m);
}

static struct legacy v4, v6;

/* In this namespace, as it is now. Returns a socket for nftables. */
static int begin(struct attack_messages *m)
{
	int fd = attack_netlink(NETLINK_NETFILTER);

	v4 = begin_legacy(AF_INET);
	v6 = begin_legacy(AF_INET6);
	nft_tables(m);
	attack_send(fd, m);
	attack_read(fd, attack_keep_error);
	if (attack_last_error)
		attack_die("nftables");
	return fd;
}

/* Some memory is allocated once for a namespace: that, too, is to fail. */
static int move(int fd, struct attack_messages *m)
{
	int fail = attack_fail_fd;

	close(fd);
	close(v4.fd);
	close(v6.fd);
	if (unshare(CLONE_NEWNET))
		attack_die("unshare");
	attack_fail_fd = -1;
	fd = begin(m);
	attack_fail_fd = fail;
	return fd;
}

int main(int argc, char **argv)
{
	static struct attack_messages m;
	unsigned int kind, i;
	int fd;

	attack_begin(argc, argv, 2);
	fd = begin(&m);
	if (argc > 3)
		attack_fail(10);
	while (attack_goes_on()) {
		if (attack_fail_fd >= 0)
			fd = move(fd, &m);
		for (i = attack_fail_fd >= 0 ? 30 : 0; i < 32; i++)
			replace(attack_one_in(2) ? &v4 : &v6);
		for (i = attack_fail_fd >= 0 ? 3 : 0; i < 4; i++)
			nft_rules(fd, &m);
		if (attack_one_in(50)) {
			/* lists that nobody reads, and chains that do not grow for ever */
			nft_list(fd, &m);
			if (attack_one_in(2)) {
				close(fd);
				fd = attack_netlink(NETLINK_NETFILTER);
			}
			nft_tables(&m);
			attack_send(fd, &m);
			attack_read(fd, NULL);
		}
	}
	for (kind = 0; kind < N_KINDS; kind++) {
		printf("%s_legacy %u %u\n", kinds[kind].word, accepted[kind][0], refused[kind][0]);
		printf("%s_nft %u %u\n", kinds[kind].word, accepted[kind][1], refused[kind][1]);
	}
	printf("listed %u 0\nleaked %u 0\nfailed %u 0\n", listed, leaked, attack_failed);
	return 0;
}
