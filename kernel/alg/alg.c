// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core of helpers whose protocol is lines of text over TCP: what is kept of
 * a connection, and what becomes of the grammar's decisions. alg_tcp.c reads
 * the segments, and calls this file; nothing here calls it.
 *
 * The kernel does not tell a helper that a connection ends: .destroy is PPTP's,
 * and what has one is taken for PPTP. So a state holds no reference to its
 * connection, and the connection holds the number of its state, by which
 * alg_conn_find() finds it, and no pointer. alg_gc_worker() looks for states
 * whose connection is gone. Neither can keep the other, and what a connection
 * holds may outlive this module.
 *
 * Context: packets come in the hooks, under RCU, in softirq or with a process's
 * data. A connection's state has a lock of its own; alg_lock is for states that
 * come or go.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/netns/hash.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_seqadj.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include <net/netfilter/nf_log.h>
#include <net/netfilter/nf_nat.h>
#include <net/netfilter/nf_nat_helper.h>

#include "../compat.h"
#include "alg.h"

/*
 * How often to look for connections that are gone, and how many of them at once
 */
#define ALG_GC_INTERVAL	HZ
#define ALG_GC_MAX	4096
/* States that are looked at for the one that goes when there are too many */
#define ALG_SAMPLE	64
/*
 * How long one that has something to remember is spared then, and if its owner
 * has many of them; until then there may be a few more
 */
#define ALG_SPARE	(60 * HZ)
#define ALG_SPARE_MANY	HZ
#define ALG_MORE(max)	((max) / 8 + 16)
/* States that are looked at for as many as ALG_SAMPLE with holes */
#define ALG_EXPECTED_LOOKS	(2 * ALG_SAMPLE)
/* So many expectations of an owner's, among ALG_SAMPLE states, are not many */
#define ALG_EXPECTED_FEW	8
/* Of alg_data.saved, beside the protocol's: another gateway began with it */
#define ALG_SAVED_RESUMED	0x80
/* Ports that are tried for a hole, if its own is not free */
#define ALG_PORT_TRIES	128

/* Helpers that may be counted, as long as this module is loaded */
#define ALG_HELPERS	8
#define ALG_PROC_NAME	"nf_conntrack_alg"

/*
 * What is kept of a network namespace.
 *
 * @pool: its states, unless they are in alg_user_pool
 * @log: how often it may write to the log, by enum alg_fate
 * @count: of each helper, by alg_helper.index and enum alg_why: how often
 *	nothing was opened, or a connection was left alone, and with
 *	ALG_WHY_NONE how often something was opened
 */
struct alg_net {
	struct alg_pool pool;
	struct ratelimit_state log[ALG_FATES];
	atomic_long_t count[ALG_HELPERS][ALG_WHYS];
};

/*
 * Whose an index is. It stays the name's, so that what a helper has counted
 * goes on when it comes back.
 *
 * @helper: by alg_slots_mutex; %NULL when it has gone
 */
struct alg_slot {
	char name[NF_CT_HELPER_NAME_LEN];
	const struct alg_helper *helper;
};

static struct alg_slot alg_slots[ALG_HELPERS];
static DEFINE_MUTEX(alg_slots_mutex);

static unsigned int alg_max = 16384;
module_param_named(connections, alg_max, uint, 0644);
MODULE_PARM_DESC(connections,
		 "control connections followed at once in a namespace (16384)");

static int followed_set(const char *text, const struct kernel_param *param)
{
	return -EPERM;
}

static const struct kernel_param_ops followed_ops = {
	.set = followed_set,
	.get = param_get_uint,
};

static unsigned int alg_count;
module_param_cb(followed, &followed_ops, &alg_count, 0444);
MODULE_PARM_DESC(followed,
		 "control connections followed now, in all network namespaces");

static unsigned int alg_net_id __read_mostly;

/* Serializes who looks at all states, in process context. */
static DEFINE_MUTEX(alg_mutex);
/*
 * Of alg_table, pools, alg_count and alg_last_id. Inside it only trylocks of
 * states.
 */
static DEFINE_SPINLOCK(alg_lock);
struct hlist_head alg_table[ALG_BUCKETS];
static u32 alg_last_id;
static u32 alg_hash_key __read_mostly;
/*
 * The states of all namespaces that users have made. Anybody can have thousands
 * of these, so they share the bound of one.
 */
static struct alg_pool alg_user_pool = {
	.conns = LIST_HEAD_INIT(alg_user_pool.conns),
};

static void alg_gc_worker(struct work_struct *work);
/* Deferrable: no processor wakes up for it. */
static DECLARE_DEFERRABLE_WORK(alg_gc_work, alg_gc_worker);

/* --- why: counted, and written to the log --- */

/**
 * alg_why_name() - a reason as the log and monitoring know it
 * @helper: whose
 * @why: enum alg_why; ALG_WHY_NONE is what was opened
 */
const char *alg_why_name(const struct alg_helper *helper, u8 why)
{
	static const char *const names[] = {
		[ALG_WHY_NONE] = "opened",
		[ALG_WHY_MEMORY] = "no_memory",
		[ALG_WHY_PORT] = "no_port",
		[ALG_WHY_EXPECTATIONS] = "too_many_expected",
		[ALG_WHY_CONNECTIONS] = "too_many_connections",
		[ALG_WHY_SEGMENTS] = "segments_missing",
		[ALG_WHY_LINES] = "too_many_lines",
		[ALG_WHY_NAT] = "nat_before_helper",
		[ALG_WHY_MPTCP] = "mptcp",
		[ALG_WHY_HANDSHAKE] = "no_handshake",
		[ALG_WHY_FAULT] = "helper_fault",
	};

	static_assert(ARRAY_SIZE(names) == ALG_WHY_PROTOCOL);
	if (why < ALG_WHY_PROTOCOL)
		return names[why];
	return helper->protocol->why_name(why);
}

static void alg_count_why(const struct net *net,
			  const struct alg_helper *helper, u8 why)
{
	struct alg_net *here = net_generic(net, alg_net_id);

	atomic_long_inc(&here->count[helper->index][why]);
}

/**
 * alg_counted() - how often something was opened, or was not
 * @net: in this namespace
 * @helper: by this helper, and others of its name before it
 * @why: enum alg_why: for this reason; or ALG_WHY_NONE: it was
 */
unsigned long alg_counted(const struct net *net,
			  const struct alg_helper *helper, u8 why)
{
	struct alg_net *here = net_generic(net, alg_net_id);

	return atomic_long_read(&here->count[helper->index][why]);
}
EXPORT_SYMBOL_GPL(alg_counted);

/**
 * alg_print_ends() - the ends of a connection
 * @text: for their text
 * @t: its original direction
 *
 * Return: the text's length
 */
int alg_print_ends(char text[ALG_ENDS_MAX],
		   const struct nf_conntrack_tuple *t)
{
	if (t->src.l3num == NFPROTO_IPV4)
		return scnprintf(text, ALG_ENDS_MAX, "%pI4:%u to %pI4:%u",
				 &t->src.u3.ip, ntohs(t->src.u.tcp.port),
				 &t->dst.u3.ip, ntohs(t->dst.u.tcp.port));
	return scnprintf(text, ALG_ENDS_MAX, "[%pI6c]:%u to [%pI6c]:%u",
			 &t->src.u3.in6, ntohs(t->src.u.tcp.port),
			 &t->dst.u3.in6, ntohs(t->dst.u.tcp.port));
}

/**
 * alg_log() - say what happens to a connection
 * @ct: it
 * @helper: its helper
 * @fate: what
 * @why: enum alg_why
 *
 * Writes at most some lines in a while for each namespace and @fate. Context:
 * no lock of alg.c's is held.
 */
void alg_log(const struct nf_conn *ct, const struct alg_helper *helper,
	     enum alg_fate fate, u8 why)
{
	static const char *const fates[] = {
		[ALG_NOT_OPENED] = "not opened",
		[ALG_LEFT_ALONE] = "left alone",
	};
	struct net *net = nf_ct_net(ct);
	struct alg_net *here = net_generic(net, alg_net_id);
	char ends[ALG_ENDS_MAX];

	/* As for -j LOG: others' namespaces do not fill this machine's log. */
	if (!net_eq(net, &init_net) && !READ_ONCE(sysctl_nf_log_all_netns))
		return;
	if (!__ratelimit(&here->log[fate]))
		return;
	alg_print_ends(ends, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple);
	pr_info("%s: %s: %s: %s\n", helper->name, fates[fate], ends,
		alg_why_name(helper, why));
}

/**
 * alg_leave_alone() - count a connection that is not helped, and say it
 * @ct: it
 * @helper: its helper
 * @why: enum alg_why
 *
 * Context: no lock of alg.c's is held.
 */
void alg_leave_alone(const struct nf_conn *ct, const struct alg_helper *helper,
		     u8 why)
{
	alg_count_why(nf_ct_net(ct), helper, why);
	alg_log(ct, helper, ALG_LEFT_ALONE, why);
}

/* For the log, when the state's lock is given back */
static noinline void alg_not_opened(struct alg_conn *conn, u8 why)
{
	alg_count_why(conn->net, conn->helper, why);
	conn->why[ALG_NOT_OPENED] = why;
	conn->attention = true;
}

/* Each reason of each helper in this namespace, those that never were, too */
static int __maybe_unused alg_counts_show(struct seq_file *m, void *v)
{
	const struct net *net = seq_file_single_net(m);
	const struct alg_helper *helper;
	unsigned int i, why;

	/* It is there for as long. */
	mutex_lock(&alg_slots_mutex);
	for (i = 0; i < ARRAY_SIZE(alg_slots); i++) {
		helper = alg_slots[i].helper;
		if (!helper)
			continue;
		for (why = 0; why < ALG_WHY_PROTOCOL + helper->protocol->whys;
		     why++)
			seq_printf(m, "%s %s %lu\n", helper->name,
				   alg_why_name(helper, why),
				   alg_counted(net, helper, why));
	}
	mutex_unlock(&alg_slots_mutex);
	return 0;
}

/* As that of nf_conntrack: for root, and in a user's namespace for its root */
static int alg_proc_init(struct net *net)
{
	kuid_t uid = make_kuid(net->user_ns, 0);
	kgid_t gid = make_kgid(net->user_ns, 0);
	struct proc_dir_entry *entry;

	entry = proc_create_net_single(ALG_PROC_NAME, 0440, net->proc_net,
				       alg_counts_show, NULL);
	if (!entry)
		return IS_ENABLED(CONFIG_PROC_FS) ? -ENOMEM : 0;
	if (uid_valid(uid) && gid_valid(gid))
		proc_set_user(entry, uid, gid);
	return 0;
}

/* --- a connection's state: made, found and taken back --- */

static struct alg_addr alg_addr(const struct nf_conn *ct,
				const union nf_inet_addr *from)
{
	struct alg_addr addr = { .len = nf_ct_l3num(ct) == NFPROTO_IPV4 ? 4 :
									  16 };

	memcpy(addr.b, from, addr.len);
	return addr;
}

static union nf_inet_addr alg_inet_addr(const struct alg_addr *from)
{
	union nf_inet_addr addr = {};

	memcpy(&addr, from->b, from->len);
	return addr;
}

static void alg_unexpect(struct nf_conntrack_expect **exp)
{
	if (!*exp)
		return;
	nf_ct_unexpect_related(*exp);
	nf_ct_expect_put(*exp);
	*exp = NULL;
}

/* Nothing comes through it any more. Does not touch the connection. */
static void alg_hole_put(struct alg_hole *hole)
{
	alg_unexpect(&hole->exp[0]);
	alg_unexpect(&hole->exp[1]);
	hole->port = 0;
	hole->open = false;
}

static void alg_hole_put_all(struct alg_conn *conn)
{
	unsigned int i;

	for (i = 0; i < conn->helper->protocol->holes; i++)
		alg_hole_put(&conn->hole[i]);
}

static bool alg_hole_has(const struct alg_conn *conn,
			 const struct nf_conntrack_expect *exp)
{
	unsigned int i;

	for (i = 0; i < conn->helper->protocol->holes; i++)
		if (exp == conn->hole[i].exp[0] || exp == conn->hole[i].exp[1])
			return true;
	return false;
}

/* Could alg_expected() be more than 0? Without its lock */
static bool alg_may_expect(const struct alg_conn *conn)
{
	unsigned int i;

	for (i = 0; i < conn->helper->protocol->holes; i++)
		if (READ_ONCE(conn->hole[i].exp[0]))
			return true;
	return false;
}

/*
 * The kernel may only mark an expectation as dead that nobody wants any more,
 * and count it on, among the few that the namespace may have. So they are taken
 * off its table here.
 */
static void alg_remove_unwanted(const struct alg_conn *conn, struct nf_conn *ct)
{
	if (alg_may_expect(conn))
		compat_expect_remove_dead(ct);
	else
		nf_ct_remove_expectations(ct);
}

/*
 * Closes these holes, a bit each, and what came from another gateway, or from
 * before a pause.
 */
static void alg_holes_close(struct alg_conn *conn, struct nf_conn *ct,
			    u32 holes)
{
	struct nf_conntrack_expect *exp;
	unsigned int i;

	for (i = 0; holes; i++, holes >>= 1)
		if (holes & 1)
			alg_hole_put(&conn->hole[i]);
	if (conn->inherited) {
		hlist_for_each_entry_rcu(exp, &nfct_help(ct)->expectations,
					 lnode)
			if (!alg_hole_has(conn, exp))
				nf_ct_unexpect_related(exp);
		conn->inherited = false;
	}
	alg_remove_unwanted(conn, ct);
}

/*
 * Nobody finds it any more. @data: of its connection, or %NULL if that is gone
 */
static void __alg_conn_unlink(struct alg_conn *conn, struct alg_data *data)
{
	lockdep_assert_held(&alg_lock);
	conn->unlinked = true;
	hlist_del_rcu(&conn->node);
	list_del(&conn->list);
	conn->pool->count--;
	WRITE_ONCE(alg_count, alg_count - 1);
	if (data && data->id == conn->id)
		WRITE_ONCE(data->id, 0);
}

/* Whoever unlinks a state frees it. Returns false if somebody else does. */
static bool alg_conn_unlink(struct alg_conn *conn, struct alg_data *data)
{
	bool mine;

	spin_lock_bh(&alg_lock);
	mine = !conn->unlinked;
	if (mine)
		__alg_conn_unlink(conn, data);
	spin_unlock_bh(&alg_lock);
	return mine;
}

/* Of a state that is unlinked. Does not touch its connection. Any context. */
static void alg_conn_free(struct alg_conn *conn)
{
	spin_lock_bh(&conn->lock);
	conn->dead = true;
	alg_hole_put_all(conn);
	alg_stream_free(&conn->stream[IP_CT_DIR_ORIGINAL]);
	alg_stream_free(&conn->stream[IP_CT_DIR_REPLY]);
	spin_unlock_bh(&conn->lock);
	kfree_rcu(conn, rcu);
}

/**
 * alg_conn_destroy() - a connection needs no state any more
 * @ct: it, to which the caller has a reference
 * @conn: its state, which is freed after a grace period
 *
 * Context: takes alg_lock and the state's lock.
 */
void alg_conn_destroy(struct nf_conn *ct, struct alg_conn *conn)
{
	if (alg_conn_unlink(conn, alg_data(ct)))
		alg_conn_free(conn);
}

/*
 * The connection of a state with a reference, or %NULL if it is gone. Under RCU
 */
static struct nf_conn *alg_conn_get_ct(const struct alg_conn *conn)
{
	struct nf_conntrack_tuple_hash *h;
	const struct alg_data *data;
	struct nf_conn *ct;

	h = nf_conntrack_find_get(conn->net, &conn->zone, &conn->tuple);
	if (!h)
		return NULL;
	ct = nf_ct_tuplehash_to_ctrack(h);
	data = alg_data(ct);
	if (ct == conn->ct && data && READ_ONCE(data->id) == conn->id)
		return ct;
	nf_ct_put(ct);
	return NULL;
}

/*
 * What comes after @seq is longer by @by. The kernel can have an offset before
 * and one after the last change. Which of them an acknowledgment has,
 * tcp_in_window() asks with the receiver's number and compares with the
 * sender's: what got shorter before and now gets longer would be acknowledged
 * beyond what was sent, and dropped. With one offset, it is off by less than
 * what is on its way; alg_set_seq() knows all of them.
 */
static void alg_seqadj_add(struct nf_conn *ct, enum ip_conntrack_dir dir,
			   u32 seq, s32 by)
{
	struct nf_ct_seqadj *seqadj = &nfct_seqadj(ct)->seq[dir];

	spin_lock_bh(&ct->lock);
	seqadj->correction_pos = seq;
	seqadj->offset_after += by;
	seqadj->offset_before = seqadj->offset_after;
	spin_unlock_bh(&ct->lock);
	/* For a gateway that is to take over, also in alg_conn_restart() */
	if (by)
		nf_conntrack_event_cache(IPCT_SEQADJ, ct);
}

static struct alg_conn *alg_conn_alloc(const struct alg_helper *helper,
				       struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *original =
		&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	const struct nf_conntrack_tuple *reply =
		&ct->tuplehash[IP_CT_DIR_REPLY].tuple;
	struct net *net = nf_ct_net(ct);
	struct alg_net *here = net_generic(net, alg_net_id);
	const struct alg_protocol *protocol = helper->protocol;
	struct alg_conn *conn;
	unsigned int dir;
	size_t size;

	size = ALIGN(sizeof(*conn) + protocol->size, 8);
	conn = kzalloc(size + protocol->holes * sizeof(*conn->hole),
		       GFP_ATOMIC);
	if (!conn)
		return NULL;
	conn->hole = (void *)conn + size;
	spin_lock_init(&conn->lock);
	conn->ct = ct;
	conn->tuple = *original;
	conn->zone = *nf_ct_zone(ct);
	conn->net = net;
	conn->pool = net->user_ns == &init_user_ns ? &here->pool :
						     &alg_user_pool;
	conn->used = jiffies;
	conn->helper = helper;
	conn->ends.client[ALG_OWN_INNER] = alg_addr(ct, &original->src.u3);
	conn->ends.client[ALG_OWN_OUTER] = alg_addr(ct, &reply->dst.u3);
	conn->ends.server[ALG_OWN_INNER] = alg_addr(ct, &reply->src.u3);
	conn->ends.server[ALG_OWN_OUTER] = alg_addr(ct, &original->dst.u3);
	conn->nat[IP_CT_DIR_ORIGINAL] =
		!nf_inet_addr_cmp(&original->src.u3, &reply->dst.u3);
	conn->nat[IP_CT_DIR_REPLY] =
		!nf_inet_addr_cmp(&reply->src.u3, &original->dst.u3);
	conn->translated = conn->nat[IP_CT_DIR_ORIGINAL] ||
			   conn->nat[IP_CT_DIR_REPLY];
	for (dir = 0; dir < IP_CT_DIR_MAX; dir++)
		conn->edits[dir] = conn->nat[dir] ||
				   (protocol->both && conn->translated);
	return conn;
}

/*
 * Is nothing half read, so that the dialogue can go on from here with another
 * state?
 */
static bool alg_between_lines(const struct alg_conn *conn)
{
	const struct alg_stream *s = conn->stream;

	return conn->synced[IP_CT_DIR_ORIGINAL] &&
	       conn->synced[IP_CT_DIR_REPLY] &&
	       alg_line_between(&s[IP_CT_DIR_ORIGINAL].line) &&
	       alg_line_between(&s[IP_CT_DIR_REPLY].line);
}

/*
 * Whose state it is, as a number under ALG_SAMPLE: in the namespaces of users
 * the user's, else the client's, who has a whole /64 of IPv6
 */
static unsigned int alg_conn_owner(const struct alg_conn *conn)
{
	const union nf_inet_addr *src = &conn->tuple.src.u3;
	u32 hash;

	if (conn->pool == &alg_user_pool)
		hash = jhash_1word(__kuid_val(conn->net->user_ns->owner),
				   alg_hash_key);
	else
		hash = jhash_2words(src->all[0], src->all[1], alg_hash_key);
	return hash % ALG_SAMPLE;
}

/*
 * What is lost with a state? 0: its connection, whose ends were told what only
 * the state knows; 1: its dialogue, of which something is half read or waits
 * for an answer; 2: nothing. With its lock
 */
static int alg_evict_rank(const struct alg_conn *conn)
{
	if (!alg_plain(conn))
		return 0;
	if (!conn->dormant && (!alg_between_lines(conn) ||
			       !conn->helper->protocol->save(conn->dialogue)))
		return 1;
	return 2;
}

/* alg_evict_rank(), or -1 if a packet is at it */
static int alg_evict_tryrank(struct alg_conn *conn)
{
	int rank;

	if (!spin_trylock(&conn->lock))
		return -1;
	rank = alg_evict_rank(conn);
	spin_unlock(&conn->lock);
	return rank;
}

/*
 * There are too many states: which one goes? Of some, the one with which least
 * is lost, and of these the one that was not used for longest. If there is an
 * owner who has a quarter of them or more, it is one of his. None goes whose
 * connection would end, unless it does nothing. Returns it, and its rank, or
 * %NULL.
 */
static noinline_for_stack struct alg_conn *
alg_evict_choose(struct alg_pool *pool, s8 *chosen_rank)
{
	unsigned int i, n = min_t(unsigned int, pool->count, ALG_SAMPLE);
	unsigned int owner, most = 0;
	struct alg_conn *conn, *best[ALG_SAMPLE] = {}, *chosen = NULL;
	s8 best_rank[ALG_SAMPLE] = {}, rank;
	u8 count[ALG_SAMPLE] = {};
	unsigned long spare;
	bool many;

	lockdep_assert_held(&alg_lock);
	for (i = 0; i < n; i++) {
		conn = list_first_entry(&pool->conns, struct alg_conn, list);
		list_move_tail(&conn->list, &pool->conns);
		rank = alg_evict_tryrank(conn);
		if (rank < 0)
			continue;
		owner = alg_conn_owner(conn);
		if (++count[owner] > count[most])
			most = owner;
		if (best[owner] &&
		    (rank < best_rank[owner] ||
		     (rank == best_rank[owner] &&
		      !time_before(conn->used, best[owner]->used))))
			continue;
		best[owner] = conn;
		best_rank[owner] = rank;
	}
	many = count[most] > 1 && count[most] * 4 >= n;
	spare = many ? ALG_SPARE_MANY : ALG_SPARE;
	for (rank = 0, i = 0; i < ALG_SAMPLE; i++) {
		conn = best[i];
		if (!conn || (many && i != most))
			continue;
		if (!best_rank[i] &&
		    time_before(jiffies, conn->used + spare))
			continue;
		if (chosen && (best_rank[i] < rank ||
			       (best_rank[i] == rank &&
				!time_before(conn->used, chosen->used))))
			continue;
		chosen = conn;
		rank = best_rank[i];
	}
	*chosen_rank = rank;
	return chosen;
}

/*
 * What becomes of a connection whose state goes: it is taken up again with its
 * next line, or it is left alone. With the state's lock
 */
static void alg_conn_pause(struct alg_conn *conn, struct alg_data *data)
{
	struct alg_hole *hole;
	unsigned int dir, i;

	if (conn->dormant)
		return;
	if (alg_evict_rank(conn) < 2) {
		WRITE_ONCE(data->phase, ALG_PHASE_DORMANT);
		return;
	}
	for (dir = 0; dir < IP_CT_DIR_MAX; dir++)
		data->first[dir] = conn->stream[dir].line.next;
	data->saved = conn->helper->protocol->save(conn->dialogue);
	if (conn->resumed)
		data->saved |= ALG_SAVED_RESUMED;
	WRITE_ONCE(data->phase, ALG_PHASE_PAUSED);
	/* What is open stays so: it is closed as before. */
	for (i = 0; i < conn->helper->protocol->holes; i++) {
		hole = &conn->hole[i];
		if (hole->exp[0])
			nf_ct_expect_put(hole->exp[0]);
		if (hole->exp[1])
			nf_ct_expect_put(hole->exp[1]);
		memset(hole, 0, sizeof(*hole));
	}
}

/*
 * A state that makes room for another one, and is unlinked.
 *
 * @ct: its connection, with a reference, or %NULL if that is gone
 * @kill: that cannot go on
 * @alone: it is left alone from now on
 */
struct alg_victim {
	struct alg_conn *conn;
	struct nf_conn *ct;
	bool kill;
	bool alone;
};

/* Takes a state out of the pool. Returns false if none can go. */
static bool alg_evict(struct alg_pool *pool, struct alg_victim *victim)
{
	struct alg_conn *conn;
	s8 rank;

	conn = alg_evict_choose(pool, &rank);
	if (!conn || !spin_trylock(&conn->lock))
		return false;
	/* A packet may have come meanwhile. */
	if (alg_evict_rank(conn) < rank) {
		spin_unlock(&conn->lock);
		return false;
	}
	victim->conn = conn;
	victim->ct = alg_conn_get_ct(conn);
	victim->kill = !alg_plain(conn);
	victim->alone = !conn->dormant && alg_evict_rank(conn) < 2;
	if (victim->ct)
		alg_conn_pause(conn, alg_data(victim->ct));
	conn->dead = true;
	__alg_conn_unlink(conn, victim->ct ? alg_data(victim->ct) : NULL);
	spin_unlock(&conn->lock);
	return true;
}

/* What is left to be done without alg_lock */
static void alg_victim_free(const struct alg_victim *victim)
{
	const struct alg_helper *helper = victim->conn->helper;

	alg_conn_free(victim->conn);
	if (!victim->ct)
		return;
	if (victim->alone)
		alg_leave_alone(victim->ct, helper, ALG_WHY_CONNECTIONS);
	if (victim->kill)
		nf_ct_kill(victim->ct);
	else if (READ_ONCE(alg_data(victim->ct)->phase) == ALG_PHASE_DORMANT)
		nf_ct_remove_expectations(victim->ct);
	nf_ct_put(victim->ct);
}

/* Does a line end with this segment? */
static bool alg_ends_line(const struct alg_packet *packet)
{
	const u8 *last;
	u8 byte;

	last = skb_header_pointer(packet->skb,
				  packet->dataoff + packet->len - 1, 1, &byte);
	return last && *last == '\n';
}

/* Where a state begins to read, and what it knows. With alg_lock, for @data */
static void alg_conn_init(struct alg_conn *conn,
			  const struct alg_packet *packet,
			  const struct alg_data *data)
{
	const struct nf_conn_seqadj *seqadj =
		conn->translated ? nfct_seqadj(packet->ct) : NULL;
	bool resumed = data->phase == ALG_PHASE_RESUMED;
	unsigned int dir;

	conn->resumed = resumed || (data->phase == ALG_PHASE_PAUSED &&
				    data->saved & ALG_SAVED_RESUMED);
	for (dir = 0; dir < IP_CT_DIR_MAX; dir++) {
		struct alg_stream *s = &conn->stream[dir];
		u32 shift = seqadj ? seqadj->seq[dir].offset_after : 0;
		u32 first = data->first[dir];

		/*
		 * Nothing is read of the segment that finds no state but its
		 * end: some kernels have decided by now whether they adjust its
		 * numbers.
		 */
		if (resumed)
			first = dir == packet->dir ? packet->seq + packet->len :
						     packet->ack - shift;
		alg_stream_init(s, first);
		s->line.raw = !conn->helper->protocol->telnet;
		s->shift = shift;
		/*
		 * What has been read may still be on its way, and be sent
		 * again.
		 */
		if (data->phase != ALG_PHASE_KNOWN)
			s->acked = first - ALG_ACKED_UNKNOWN;
		conn->synced[dir] = !resumed || (dir == packet->dir &&
						 alg_ends_line(packet));
		conn->moved |= shift;
	}
	conn->inherited = data->phase != ALG_PHASE_KNOWN;
	if (conn->inherited)
		conn->helper->protocol->resume(conn->dialogue, resumed ? 0 :
			data->saved & ~ALG_SAVED_RESUMED);
}

/*
 * Makes a state known, and room for it if need be. What another packet of the
 * connection has done meanwhile counts. Returns the connection's state, or
 * %NULL, and *@why it has none.
 */
static struct alg_conn *alg_conn_insert(struct alg_conn *conn,
					const struct alg_packet *packet,
					u8 *why)
{
	unsigned int max = READ_ONCE(alg_max), n = 0;
	struct alg_data *data = alg_data(packet->ct);
	struct alg_conn *other = NULL;
	struct alg_victim victims[2];

	spin_lock_bh(&alg_lock);
	if (data->id) {
		/*
		 * The other direction's first packet was on another processor.
		 */
		other = alg_conn_find(packet->ct, data);
		/*
		 * Or its state was taken back when the table was made larger.
		 */
		if (!other) {
			WRITE_ONCE(data->id, 0);
			WRITE_ONCE(data->phase, ALG_PHASE_DORMANT);
		}
		goto unlock;
	}
	if (data->phase == ALG_PHASE_UNSEEN || data->phase >= ALG_PHASE_DORMANT)
		goto unlock;
	while (unlikely(conn->pool->count >= max) && n < ARRAY_SIZE(victims) &&
	       alg_evict(conn->pool, &victims[n]))
		n++;
	if (conn->pool->count >= max + (max ? ALG_MORE(max) : 0)) {
		*why = ALG_WHY_CONNECTIONS;
		WRITE_ONCE(data->phase, ALG_PHASE_DORMANT);
		goto unlock;
	}
	alg_conn_init(conn, packet, data);
	if (!++alg_last_id)
		alg_last_id = 1;
	conn->id = alg_last_id;
	list_add_tail(&conn->list, &conn->pool->conns);
	hlist_add_head_rcu(&conn->node, &alg_table[conn->id % ALG_BUCKETS]);
	conn->pool->count++;
	WRITE_ONCE(alg_count, alg_count + 1);
	/* what it names is in the table before */
	smp_store_release(&data->id, conn->id);
	other = conn;
unlock:
	spin_unlock_bh(&alg_lock);
	while (n--)
		alg_victim_free(&victims[n]);
	return other;
}

/**
 * alg_conn_attach() - give a connection a state
 * @helper: its helper
 * @ct: the connection
 * @packet: the first one with payload
 *
 * Context: under RCU. Takes alg_lock, and with NAT the connection's lock.
 * Return: the state, which may be another processor's; %NULL if the connection
 * is not to be helped, which it then never is
 */
struct alg_conn *alg_conn_attach(const struct alg_helper *helper,
				 struct nf_conn *ct,
				 const struct alg_packet *packet)
{
	struct alg_conn *conn, *other;
	u8 why = ALG_WHY_NONE;
	unsigned int dir;

	conn = alg_conn_alloc(helper, ct);
	if (!conn) {
		why = ALG_WHY_MEMORY;
		goto leave;
	}
	if (conn->translated && !nfct_seqadj(ct)) {
		/*
		 * The helper was set after NAT was, on a kernel that does not
		 * care
		 */
		why = ALG_WHY_NAT;
		goto leave;
	}
	/*
	 * From now on the kernel adjusts each packet, if only by 0: some
	 * kernels decide this before they call the helper, and some afterwards.
	 */
	if (conn->translated) {
		for (dir = 0; dir < IP_CT_DIR_MAX; dir++)
			alg_seqadj_add(ct, dir, dir == packet->dir ?
				       packet->seq : packet->ack, 0);
		set_bit(IPS_SEQ_ADJUST_BIT, &ct->status);
	}
	other = alg_conn_insert(conn, packet, &why);
	if (other != conn)
		kfree(conn);
	else
		queue_delayed_work(system_power_efficient_wq, &alg_gc_work,
				   ALG_GC_INTERVAL);
	if (why)
		alg_leave_alone(ct, helper, why);
	return other;

leave:
	kfree(conn);
	WRITE_ONCE(alg_data(ct)->phase, ALG_PHASE_DORMANT);
	alg_leave_alone(ct, helper, why);
	return NULL;
}

/*
 * The connection has no helper any more, or loses it now. One whose ends were
 * told what only the state knows cannot go on. Under RCU
 */
static void alg_conn_abandon(struct nf_conn *ct, struct alg_conn *conn)
{
	struct alg_data *data = alg_data(ct);
	bool kill;

	WRITE_ONCE(data->phase, ALG_PHASE_DORMANT);
	spin_lock_bh(&conn->lock);
	kill = !alg_plain(conn);
	conn->dead = true;
	spin_unlock_bh(&conn->lock);
	if (kill)
		nf_ct_kill(ct);
	alg_conn_destroy(ct, conn);
}

/*
 * Is the connection gone, or its helper? A look-up may miss a connection while
 * the table is made larger, so once is not enough. Under RCU
 */
static void alg_gc_conn(struct alg_conn *conn)
{
	struct nf_conn *ct = alg_conn_get_ct(conn);

	if (!ct) {
		if (conn->missed && alg_conn_unlink(conn, NULL))
			alg_conn_free(conn);
		conn->missed = true;
		return;
	}
	conn->missed = false;
	if (!rcu_access_pointer(nfct_help(ct)->helper))
		alg_conn_abandon(ct, conn);
	nf_ct_put(ct);
}

/* Some of all states in turn */
static void alg_gc_worker(struct work_struct *work)
{
	static unsigned int bucket;
	unsigned int buckets, n = 0;
	struct hlist_head *head;
	struct alg_conn *conn;

	mutex_lock(&alg_mutex);
	for (buckets = 0; buckets < ALG_BUCKETS && n < ALG_GC_MAX; buckets++) {
		head = &alg_table[bucket];
		bucket = (bucket + 1) % ALG_BUCKETS;
		/* Most are, each second. */
		if (hlist_empty(head))
			continue;
		rcu_read_lock();
		hlist_for_each_entry_rcu(conn, head, node) {
			alg_gc_conn(conn);
			n++;
		}
		rcu_read_unlock();
		cond_resched();
	}
	mutex_unlock(&alg_mutex);
	if (READ_ONCE(alg_count))
		queue_delayed_work(system_power_efficient_wq, &alg_gc_work,
				   ALG_GC_INTERVAL);
}

/* All states of a helper, or of a namespace, go. Process context */
static void alg_conn_flush(const struct alg_helper *helper,
			   const struct net *net)
{
	struct alg_conn *conn;
	struct nf_conn *ct;
	unsigned int i;

	mutex_lock(&alg_mutex);
	for (i = 0; i < ALG_BUCKETS; i++) {
		rcu_read_lock();
		hlist_for_each_entry_rcu(conn, &alg_table[i], node) {
			if ((helper && conn->helper != helper) ||
			    (net && conn->net != net))
				continue;
			ct = helper ? alg_conn_get_ct(conn) : NULL;
			if (ct) {
				alg_conn_abandon(ct, conn);
				nf_ct_put(ct);
			} else if (alg_conn_unlink(conn, NULL)) {
				alg_conn_free(conn);
			}
		}
		rcu_read_unlock();
		cond_resched();
	}
	mutex_unlock(&alg_mutex);
}

static int __net_init alg_net_init(struct net *net)
{
	struct alg_net *here = net_generic(net, alg_net_id);
	unsigned int i;

	INIT_LIST_HEAD(&here->pool.conns);
	for (i = 0; i < ALG_FATES; i++)
		ratelimit_state_init(&here->log[i], 5 * HZ, 10);
	return alg_proc_init(net);
}

/*
 * No packet passes here any more, and the tracker's own part is taken down
 * after this one.
 */
static void __net_exit alg_net_exit(struct net *net)
{
	remove_proc_entry(ALG_PROC_NAME, net->proc_net);
	alg_conn_flush(NULL, net);
}

static struct pernet_operations alg_net_ops = {
	.init	= alg_net_init,
	.exit	= alg_net_exit,
	.id	= &alg_net_id,
	.size	= sizeof(struct alg_net),
};

/* --- what the grammar decides --- */

/* Has the address of an endpoint to be written anew? */
static bool alg_endpoint_nat(const struct alg_conn *conn,
			     const struct alg_endpoint *end)
{
	return end->own != ALG_OWN_NOT &&
	       conn->nat[end->to_client ? IP_CT_DIR_ORIGINAL : IP_CT_DIR_REPLY];
}

/*
 * The port as which the other side knows that of an end, if it is one of a hole
 * to that end; 0: it has none. @ct: the control connection. Under RCU
 */
static __be16 alg_hole_outer(const struct nf_conn *ct, bool to_client,
			     __be16 port)
{
	const struct alg_data *data = alg_data(ct);
	struct alg_conn *conn = data ? alg_conn_find(ct, data) : NULL;
	const struct alg_hole *hole;
	u16 nth, outer = 0;
	unsigned int i;

	if (!conn)
		return 0;
	spin_lock_bh(&conn->lock);
	for (i = 0; i < conn->helper->protocol->holes && !outer; i++) {
		hole = &conn->hole[i];
		nth = ntohs(port) - hole->end.port;
		if (hole->port && hole->end.udp && nth <= hole->end.pair &&
		    hole->end.to_client == to_client &&
		    hole->end.own == ALG_OWN_INNER)
			outer = hole->port + nth;
	}
	spin_unlock_bh(&conn->lock);
	return htons(outer);
}

/*
 * A connection of UDP's that was expected, with NAT: each of its ends that is
 * one of the control connection's is mapped as there. Its source may be a port
 * that the other side was told of: then it has that one's number. Under RCU, in
 * the place of nf_nat_follow_master(), and as that: the connection is new.
 */
static void alg_follow(struct nf_conn *ct, struct nf_conntrack_expect *exp)
{
	const struct nf_conntrack_tuple tuple =
		ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	const struct nf_conn *master = ct->master;
	const struct nf_conntrack_tuple *here =
		&master->tuplehash[exp->dir].tuple;
	const struct nf_conntrack_tuple *there =
		&master->tuplehash[!exp->dir].tuple;
	struct nf_nat_range2 range = { .flags = NF_NAT_RANGE_MAP_IPS };

	range.min_addr = tuple.src.u3;
	if (nf_inet_addr_cmp(&tuple.src.u3, &here->src.u3)) {
		range.min_addr = there->dst.u3;
		range.min_proto.all =
			alg_hole_outer(master, exp->dir == IP_CT_DIR_ORIGINAL,
				       tuple.src.u.udp.port);
		if (range.min_proto.all)
			range.flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
	}
	range.max_addr = range.min_addr;
	range.max_proto = range.min_proto;
	nf_nat_setup_info(ct, &range, NF_NAT_MANIP_SRC);

	range.flags = NF_NAT_RANGE_MAP_IPS;
	range.min_addr = tuple.dst.u3;
	if (nf_inet_addr_cmp(&tuple.dst.u3, &here->dst.u3)) {
		range.min_addr = there->src.u3;
		range.flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
	}
	range.max_addr = range.min_addr;
	range.min_proto = exp->saved_proto;
	range.max_proto = exp->saved_proto;
	nf_nat_setup_info(ct, &range, NF_NAT_MANIP_DST);
}

/*
 * What the tracker is to expect of the @nth port of a hole, which the other
 * side knows as @port. With NAT, it follows the mapping of the control
 * connection. Over TCP, only the peer can. Returns an error as a pointer.
 */
static struct nf_conntrack_expect *
alg_expect(struct nf_conn *ct, const struct alg_endpoint *end, u8 class,
	   u16 port, unsigned int nth)
{
	enum ip_conntrack_dir dir = end->to_client ? IP_CT_DIR_REPLY :
						     IP_CT_DIR_ORIGINAL;
	const struct nf_conntrack_tuple *tuple = &ct->tuplehash[dir].tuple;
	bool nat = (end->own != ALG_OWN_NOT || end->udp) &&
		   (READ_ONCE(ct->status) & IPS_NAT_MASK);
	union nf_inet_addr from = tuple->src.u3, to = tuple->dst.u3;
	struct nf_conntrack_expect *exp;
	__be16 be_port = htons(port + nth);

	if (nat && end->who != ALG_FROM_PEER && !end->udp)
		return ERR_PTR(-EINVAL);
	exp = nf_ct_expect_alloc(ct);
	if (!exp)
		return ERR_PTR(-ENOMEM);
	if (end->own == ALG_OWN_NOT)
		to = alg_inet_addr(&end->addr);
	if (end->who == ALG_FROM_ADDR)
		from = alg_inet_addr(&end->from);
	nf_ct_expect_init(exp, class, nf_ct_l3num(ct),
			  end->who == ALG_FROM_ANY ? NULL : &from, &to,
			  end->udp ? IPPROTO_UDP : IPPROTO_TCP, NULL, &be_port);
	if (nat) {
		exp->saved_proto.tcp.port = htons(end->port + nth);
		exp->dir = dir;
		exp->expectfn = end->udp ? alg_follow : nf_nat_follow_master;
	}
	return exp;
}

/* Has another hole of this connection the port, or the next one of a pair? */
static bool alg_port_taken(const struct alg_conn *conn,
			   const struct alg_hole *hole, u16 port)
{
	const struct alg_endpoint *end = &hole->end;
	unsigned int i;

	for (i = 0; i < conn->helper->protocol->holes; i++) {
		const struct alg_hole *other = &conn->hole[i];

		if (other == hole || !other->port ||
		    other->end.to_client != end->to_client ||
		    other->end.udp != end->udp)
			continue;
		if (other->port <= port + end->pair &&
		    port <= other->port + other->end.pair)
			return true;
	}
	return false;
}

/*
 * How many expectations a connection has that nothing has come for. With its
 * lock
 */
static unsigned int alg_expected(const struct alg_conn *conn)
{
	const struct nf_conntrack_expect *exp;
	unsigned int i, n = 0;

	for (i = 0; i < conn->helper->protocol->holes * 2; i++) {
		exp = conn->hole[i / 2].exp[i % 2];
		/* The tracker's table has a reference of its own. */
		n += exp && refcount_read(&exp->use) > 1;
	}
	return n;
}

/* alg_expected(), or 0 if a packet is at it */
static unsigned int alg_try_expected(struct alg_conn *conn)
{
	unsigned int n;

	if (!spin_trylock(&conn->lock))
		return 0;
	n = alg_expected(conn);
	spin_unlock(&conn->lock);
	return n;
}

/*
 * There are too many expectations in the namespace: who has them? Of some
 * states, the one that has most, of the owner who has a quarter of them or
 * more, if that is not who asks. Returns it, or %NULL. With the lock of @asking.
 * Under RCU
 */
static noinline_for_stack struct alg_conn *
alg_expected_most(struct alg_conn *asking)
{
	unsigned int owner, own = alg_conn_owner(asking), most = own, n;
	struct alg_conn *conn, *best[ALG_SAMPLE] = {};
	u16 count[ALG_SAMPLE] = {}, best_count[ALG_SAMPLE] = {};
	unsigned int i, all, sample = ALG_SAMPLE;
	struct alg_pool *pool = asking->pool;

	all = alg_expected(asking);
	count[own] = all;
	spin_lock(&alg_lock);
	for (i = min_t(unsigned int, pool->count, ALG_EXPECTED_LOOKS);
	     i && sample; i--) {
		conn = list_first_entry(&pool->conns, struct alg_conn, list);
		list_move_tail(&conn->list, &pool->conns);
		if (conn == asking || conn->net != asking->net ||
		    !alg_may_expect(conn))
			continue;
		sample--;
		n = alg_try_expected(conn);
		owner = alg_conn_owner(conn);
		count[owner] += n;
		all += n;
		if (n > best_count[owner]) {
			best[owner] = conn;
			best_count[owner] = n;
		}
		if (count[owner] > count[most])
			most = owner;
	}
	spin_unlock(&alg_lock);
	if (most == own || count[most] <= ALG_EXPECTED_FEW ||
	    count[most] * 4 < all)
		return NULL;
	return best[most];
}

/*
 * Are there too many expectations in the namespace, and not just of this
 * connection?
 */
static bool alg_expected_by_all(const struct alg_conn *conn,
				const struct nf_conn *ct, u8 class)
{
	return nfct_help(ct)->expecting[class] <
	       conn->helper->policy[class].max_expected;
}

/*
 * The holes of one connection close, for others who have fewer. Returns false
 * if there is none. With the lock of @asking. Under RCU
 */
static bool alg_expected_yield(struct alg_conn *asking)
{
	struct alg_conn *conn = alg_expected_most(asking);
	struct nf_conn *ct;

	/* In packets of both, each must not wait for the other. */
	if (!conn || !spin_trylock(&conn->lock))
		return false;
	alg_hole_put_all(conn);
	memset(conn->ends.port, 0, sizeof(conn->ends.port));
	ct = alg_conn_get_ct(conn);
	if (ct) {
		/* Some kernels count what was taken back: see there. */
		alg_remove_unwanted(conn, ct);
		nf_ct_put(ct);
	}
	alg_not_opened(conn, ALG_WHY_EXPECTATIONS);
	spin_unlock(&conn->lock);
	return true;
}

/*
 * Has the tracker expect what may come through a hole, at this port, instead of
 * what it did for the hole. Returns -EBUSY if somebody else has the port.
 */
static int alg_hole_expect(struct alg_conn *conn, struct nf_conn *ct,
			   struct alg_hole *hole, u8 class, u16 port,
			   unsigned int flags)
{
	struct nf_conntrack_expect *exp[2] = {};
	unsigned int i;
	int err = 0;

	for (i = 0; i <= hole->end.pair && !err; i++) {
		exp[i] = alg_expect(ct, &hole->end, class, port, i);
		if (IS_ERR(exp[i])) {
			err = PTR_ERR(exp[i]);
			exp[i] = NULL;
			break;
		}
		exp[i]->flags = flags;
		/* The same one of this connection's, if any, is replaced. */
		err = nf_ct_expect_related(exp[i], 0);
		if (err == -EMFILE && alg_expected_by_all(conn, ct, class) &&
		    alg_expected_yield(conn))
			err = nf_ct_expect_related(exp[i], 0);
		if (err) {
			nf_ct_expect_put(exp[i]);
			exp[i] = NULL;
		}
	}
	if (err) {
		alg_unexpect(&exp[0]);
		return err;
	}
	alg_unexpect(&hole->exp[0]);
	alg_unexpect(&hole->exp[1]);
	memcpy(hole->exp, exp, sizeof(exp));
	hole->port = port;
	return 0;
}

/*
 * The same, at any port that is free, if it need not be the endpoint's own:
 * first at that one.
 */
static int alg_hole_find_port(struct alg_conn *conn, struct nf_conn *ct,
			      struct alg_hole *hole, u8 class,
			      unsigned int flags, bool exact)
{
	unsigned int tries = exact ? 1 : ALG_PORT_TRIES;
	u16 port = hole->end.port;
	int err = -EBUSY;

	while (tries--) {
		err = -EBUSY;
		if (!alg_port_taken(conn, hole, port))
			err = alg_hole_expect(conn, ct, hole, class, port,
					      flags);
		if (err != -EBUSY)
			break;
		port = ALG_PORT_MIN +
		       get_random_u32() % (U16_MAX - ALG_PORT_MIN);
		if (hole->end.pair)
			port &= ~1;
	}
	return err;
}

static void alg_hole_opened(const struct alg_conn *conn, struct alg_hole *hole)
{
	hole->open = true;
	alg_count_why(conn->net, conn->helper, ALG_WHY_NONE);
}

/* The tracker does not expect what should come. */
static noinline void alg_hole_failed(struct alg_conn *conn, int err)
{
	switch (err) {
	case -EBUSY:
	case -EALREADY:
		alg_not_opened(conn, ALG_WHY_PORT);
		break;
	case -EMFILE:
		alg_not_opened(conn, ALG_WHY_EXPECTATIONS);
		break;
	case -ENOMEM:
		alg_not_opened(conn, ALG_WHY_MEMORY);
		break;
	default:
		alg_not_opened(conn, ALG_WHY_FAULT);
	}
}

/*
 * How long what is open may still come. What came, or did not in time, does not
 * come back.
 */
static void alg_hole_refresh(struct alg_hole *hole, unsigned int seconds)
{
	unsigned int i;

	for (i = 0; i <= hole->end.pair; i++)
		compat_expect_refresh(hole->exp[i], seconds);
}

/* Opens what was offered, or lets what is open live for so long from now on. */
static void alg_hole_activate(struct alg_conn *conn, struct nf_conn *ct,
			      struct alg_hole *hole, const struct alg_action *a)
{
	unsigned int seconds = a->seconds;
	bool open = hole->open;
	int err = -EBUSY;

	/* Why nothing was offered was said then. */
	if (!hole->port)
		return;
	if (!seconds)
		seconds = READ_ONCE(conn->helper->policy[a->class].timeout);
	if (open && !a->again) {
		alg_hole_refresh(hole, seconds);
		return;
	}
	if (!open && a->end.who != ALG_FROM_PEER) {
		hole->end.who = a->end.who;
		hole->end.from = a->end.from;
	}
	/* The kernel replaces none of another class. */
	if (hole->exp[0] && hole->exp[0]->class != a->class) {
		alg_unexpect(&hole->exp[0]);
		alg_unexpect(&hole->exp[1]);
	}
	if (!alg_port_taken(conn, hole, hole->port))
		err = alg_hole_expect(conn, ct, hole, a->class, hole->port, 0);
	if (!err) {
		if (a->seconds)
			alg_hole_refresh(hole, seconds);
		if (!open)
			alg_hole_opened(conn, hole);
	} else {
		alg_hole_put(hole);
		alg_hole_failed(conn, err);
	}
}

/*
 * A hole for an endpoint that the grammar has read in this line. With NAT, its
 * port is kept at the address that the other side sees; if it is only offered,
 * by an expectation that is inactive. @exact: the text stays as it is
 */
static noinline void alg_hole_make(struct alg_conn *conn, struct nf_conn *ct,
				   const struct alg_action *a, bool exact)
{
	struct alg_hole *hole = &conn->hole[a->hole];
	bool nat = alg_endpoint_nat(conn, &a->end);
	bool open = a->act == ALG_OPEN;
	int err;

	alg_hole_put(hole);
	hole->end = a->end;
	if (!open && !nat) {
		hole->port = a->end.port;
		return;
	}
	err = alg_hole_find_port(conn, ct, hole, a->class,
				 open ? 0 : NF_CT_EXPECT_INACTIVE,
				 exact || !nat);
	if (err) {
		alg_hole_failed(conn, err);
	} else if (open) {
		if (a->seconds)
			alg_hole_refresh(hole, a->seconds);
		alg_hole_opened(conn, hole);
	}
}

/*
 * The text of an endpoint as the reader of this line has to know it. Returns
 * its length; 0: the line's own is right; negative: there is none.
 */
static int alg_rewrite_text(const struct alg_conn *conn,
			    const struct alg_action *a, const u8 *line,
			    char text[ALG_TEXT_MAX])
{
	const struct alg_endpoint *end = &a->end;
	const struct alg_addr *addr;
	u16 port = end->port;
	int len;

	if (a->hole != ALG_HOLE_NONE) {
		end = &conn->hole[a->hole].end;
		port = a->view == ALG_VIEW_BACK ? end->port :
						  conn->hole[a->hole].port;
		if (!conn->hole[a->hole].port)
			return 0;
	}
	if (!alg_endpoint_nat(conn, end))
		return 0;
	addr = end->to_client ? conn->ends.client : conn->ends.server;
	addr += a->view == ALG_VIEW_BACK ? ALG_OWN_INNER : ALG_OWN_OUTER;
	len = conn->helper->protocol->print(text, a->form, addr, port);
	if (len <= 0 || len >= ALG_TEXT_MAX)
		return -EINVAL;
	return len == a->len && !memcmp(line + a->at, text, len) ? 0 : len;
}

/* All that is to be written anew in a line. Returns why it cannot be. */
static noinline_for_stack u8 alg_rewrite(struct alg_conn *conn,
					 const struct alg_packet *packet)
{
	struct alg_stream *s = &conn->stream[packet->dir];
	char text[ALG_REWRITES][ALG_TEXT_MAX];
	struct alg_piece piece[ALG_REWRITES];
	const struct alg_action *a;
	const struct alg_edit *edit;
	unsigned int i, n = 0;
	int len;

	for (i = 0; i < conn->verdict.count; i++) {
		a = &conn->verdict.action[i];
		if (a->act != ALG_REWRITE)
			continue;
		len = alg_rewrite_text(conn, a, s->line.text, text[n]);
		if (len < 0 || (len && !conn->edits[packet->dir]))
			return ALG_WHY_FAULT;
		if (!len)
			continue;
		piece[n].at = a->at;
		piece[n].len = a->len;
		piece[n].new_len = len;
		piece[n].text = text[n];
		n++;
	}
	if (!n)
		return ALG_WHY_NONE;
	edit = alg_stream_rewrite(s, piece, n);
	if (!edit)
		return ALG_WHY_MEMORY;
	if (edit->new_len != edit->len) {
		alg_seqadj_add(packet->ct, packet->dir, edit->seq,
			       edit->new_len - edit->len);
		conn->moved = true;
	}
	return ALG_WHY_NONE;
}

/* One action that is not about a text. @exact: as in alg_hole_make() */
static void alg_act_on(struct alg_conn *conn, struct nf_conn *ct,
		       const struct alg_action *a, bool exact)
{
	u32 holes = 1U << a->hole | a->also;
	unsigned int i;

	if (a->act == ALG_CLOSE) {
		alg_holes_close(conn, ct, holes);
		return;
	}
	if (a->act == ALG_OFFER || a->end.port) {
		alg_hole_make(conn, ct, a, exact);
		return;
	}
	for (i = 0; holes; i++, holes >>= 1)
		if (holes & 1)
			alg_hole_activate(conn, ct, &conn->hole[i], a);
}

/* The holes that a line is about, a bit each */
static u32 alg_rewritten(const struct alg_verdict *v)
{
	u32 holes = 0;
	unsigned int i;

	for (i = 0; i < v->count; i++)
		if (v->action[i].act == ALG_REWRITE &&
		    v->action[i].hole != ALG_HOLE_NONE)
			holes |= 1U << v->action[i].hole;
	return holes;
}

/**
 * alg_set_dormant() - leave a connection alone from now on
 * @conn: its state
 * @ct: it
 * @why: enum alg_why; ALG_WHY_NONE: it is over
 *
 * Nothing stays open. Context: under the state's lock.
 */
void alg_set_dormant(struct alg_conn *conn, struct nf_conn *ct, u8 why)
{
	WRITE_ONCE(alg_data(ct)->phase, ALG_PHASE_DORMANT);
	conn->dormant = true;
	conn->attention = true;
	conn->why[ALG_LEFT_ALONE] = why;
	if (why)
		alg_count_why(conn->net, conn->helper, why);
	alg_hole_put_all(conn);
	alg_remove_unwanted(conn, ct);
}

/**
 * alg_act() - carry out what the grammar decided
 * @conn: the state, with the verdict
 * @packet: the packet in which the unit came
 *
 * Context: under the state's lock.
 */
void alg_act(struct alg_conn *conn, const struct alg_packet *packet)
{
	const struct alg_protocol *protocol = conn->helper->protocol;
	const struct alg_verdict *v = &conn->verdict;
	u32 rewritten = conn->translated ? alg_rewritten(v) : 0;
	u32 made = 0, changed = 0;
	const struct alg_action *a, *over;
	unsigned int i;
	u8 why;

	if (!alg_actions_valid(protocol, &conn->stream[packet->dir].line,
			       &conn->ends, v)) {
		if (IS_ENABLED(CONFIG_KUNIT))
			WARN_ONCE(1, "%s: nonsense\n", conn->helper->name);
		alg_not_opened(conn, ALG_WHY_FAULT);
		return;
	}
	if (v->why)
		alg_not_opened(conn, v->why);
	over = v->action + v->count;
	for (a = v->action; a < over; a++) {
		if (a->act >= ALG_REWRITE)
			continue;
		alg_act_on(conn, packet->ct, a, !(rewritten >> a->hole & 1));
		changed |= 1U << a->hole | a->also;
		if (a->end.port)
			made |= 1U << a->hole;
	}
	why = conn->translated ? alg_rewrite(conn, packet) : ALG_WHY_NONE;
	if (why) {
		/* The other side is not told of these ports. */
		if (made & rewritten)
			alg_holes_close(conn, packet->ct, made & rewritten);
		alg_not_opened(conn, why);
	}
	for (i = 0; changed; i++, changed >>= 1)
		if (changed & 1)
			conn->ends.port[i] = conn->hole[i].port;
	if (v->count && over[-1].act == ALG_DORMANT)
		alg_set_dormant(conn, packet->ct, over[-1].why);
}

/* --- registration --- */

/*
 * Of a connection that ctnetlink makes, as another gateway has tracked it; no
 * attribute is needed to say so. What it asks for a connection that is there
 * changes nothing: what is known of that was seen here.
 */
static int alg_from_nlattr(struct nlattr *attr, struct nf_conn *ct)
{
	struct alg_data *data = alg_data(ct);

	if (data && !nf_ct_is_confirmed(ct) &&
	    READ_ONCE(data->phase) == ALG_PHASE_UNSEEN)
		WRITE_ONCE(data->phase, ALG_PHASE_RESUMED);
	return 0;
}

/*
 * A helper is counted from now on, in what its name has. Returns -EBUSY if
 * there is one of that name, -ENOSPC if there were too many names.
 */
static int alg_slot_get(struct alg_helper *helper)
{
	struct alg_slot *slot, *found = NULL;
	int err = -ENOSPC;
	unsigned int i;

	mutex_lock(&alg_slots_mutex);
	for (i = 0; i < ARRAY_SIZE(alg_slots) && !found; i++) {
		slot = &alg_slots[i];
		if (!slot->name[0] || !strcmp(slot->name, helper->name))
			found = slot;
	}
	if (found)
		err = found->helper ? -EBUSY : 0;
	if (found && !err) {
		strscpy(found->name, helper->name, sizeof(found->name));
		helper->index = found - alg_slots;
		found->helper = helper;
	}
	mutex_unlock(&alg_slots_mutex);
	return err;
}

/* Nobody asks for its names any more. */
static void alg_slot_put(const struct alg_helper *helper)
{
	mutex_lock(&alg_slots_mutex);
	alg_slots[helper->index].helper = NULL;
	mutex_unlock(&alg_slots_mutex);
}

/*
 * No packet gets a state from now on, none makes an expectation, and all states
 * go.
 */
static void alg_stop(struct alg_helper *helper)
{
	WRITE_ONCE(helper->going, true);
	synchronize_rcu();
	alg_conn_flush(helper, NULL);
}

/**
 * alg_unregister() - the helper goes, whatever connections have it
 * @helper: of alg_register()
 *
 * They live on without one; nothing that was open for them stays so. Those
 * whose ends were told what only their state knows are ended. Process context;
 * sleeps.
 */
void alg_unregister(struct alg_helper *helper)
{
	struct nf_conntrack_helper *families[ARRAY_SIZE(helper->families)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		families[i] = helper->families[i];
		/* see alg_set_timeout() */
		WRITE_ONCE(helper->families[i], NULL);
	}
	alg_stop(helper);
	nf_conntrack_helpers_unregister(families, ARRAY_SIZE(families));
	nf_nat_helper_unregister(&helper->nat);
	alg_slot_put(helper);
}
EXPORT_SYMBOL_GPL(alg_unregister);

/**
 * alg_register() - let rules use a helper
 * @helper: it; stays until alg_unregister()
 *
 * Return: 0, or a negative error: -EBUSY if there is one of that name, -ENOSPC
 * if there were ALG_HELPERS other ones
 */
int alg_register(struct alg_helper *helper)
{
	static const u8 families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	struct nf_conntrack_helper h[ARRAY_SIZE(families)] = {};
	unsigned int i;
	int err;

	static_assert(sizeof(struct alg_data) <=
		      sizeof_field(struct nf_conn_help, data));
	static_assert(ARRAY_SIZE(families) == ARRAY_SIZE(helper->families));

	if (helper->protocol->holes > ALG_HOLES ||
	    helper->protocol->classes > ALG_CLASSES ||
	    helper->protocol->whys > ALG_WHYS - ALG_WHY_PROTOCOL)
		return -EINVAL;
	err = alg_slot_get(helper);
	if (err)
		return err;
	WRITE_ONCE(helper->going, false);
	/* For act_ct and Open vSwitch, which ask for a helper's NAT apart */
	snprintf(helper->nat.mod_name, sizeof(helper->nat.mod_name),
		 NF_NAT_HELPER_PREFIX "%s", helper->name);
	helper->nat.module = helper->module;
	nf_nat_helper_register(&helper->nat);
	/* Some kernels leave what they do not set as it was. */
	for (i = 0; i < ARRAY_SIZE(families); i++)
		nf_ct_helper_init(&h[i], families[i], IPPROTO_TCP, helper->name,
				  helper->policy, helper->protocol->classes - 1,
				  helper->help, alg_from_nlattr,
				  helper->module);
	err = nf_conntrack_helpers_register(h, ARRAY_SIZE(h), helper->families);
	if (err) {
		/* Connections of the first family may have had it. */
		alg_stop(helper);
		nf_nat_helper_unregister(&helper->nat);
		alg_slot_put(helper);
	}
	return err;
}
EXPORT_SYMBOL_GPL(alg_register);

/**
 * alg_set_timeout() - how long a hole of a helper may be open, from now on
 * @helper: it, whether it is registered or not
 * @seconds: so long
 */
void alg_set_timeout(struct alg_helper *helper, unsigned int seconds)
{
	struct nf_conntrack_helper *h;
	unsigned int i;

	WRITE_ONCE(helper->policy[0].timeout, seconds);
	/* alg_unregister() waits for readers before they go. */
	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(helper->families); i++) {
		h = READ_ONCE(helper->families[i]);
		if (h)
			WRITE_ONCE(compat_helper_policy(h)->timeout, seconds);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(alg_set_timeout);

/* For grammars: line.c is compiled for userspace, too */
EXPORT_SYMBOL_GPL(alg_line_seq);

static int __init alg_init(void)
{
	get_random_bytes(&alg_hash_key, sizeof(alg_hash_key));
	return register_pernet_subsys(&alg_net_ops);
}

static void __exit alg_exit(void)
{
	cancel_delayed_work_sync(&alg_gc_work);
	unregister_pernet_subsys(&alg_net_ops);
}

module_init(alg_init);
module_exit(alg_exit);
MODULE_AUTHOR("xtables-conntrack-addons developers");
MODULE_VERSION(XCA_VERSION);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Core of connection tracking helpers for protocols of lines");
