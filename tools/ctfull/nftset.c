// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of nftables: what they are, what is in them, and new elements. Functions return
 * 0 or more, or a negative errno.
 */
#include <errno.h>
#include <string.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include "ctfull.h"

/* What nft(8) calls ipv4_addr and ipv6_addr; these numbers are its own. */
#define TYPE_IPV4_ADDR		7
#define TYPE_IPV6_ADDR		8

static struct nftnl_set *new_set(const struct nftable *table, const char *name)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set || nftnl_set_set_str(set, NFTNL_SET_TABLE, table->name) ||
	    nftnl_set_set_str(set, NFTNL_SET_NAME, name))
		die("out of memory");
	return set;
}

static void add_element(struct nftnl_set *set, const struct key *key, uint64_t timeout_ms)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();

	if (!element || nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key->addr,
					   key->family == NFPROTO_IPV6 ? 16 : 4))
		die("out of memory");
	if (timeout_ms)
		nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, timeout_ms);
	nftnl_set_elem_add(set, element);
}

static int parse_set(const struct nlmsghdr *nlh, void *data)
{
	return nftnl_set_nlmsg_parse(nlh, data) ? -EBADMSG : 0;
}

/*
 * Finds out what @set is. -EINVAL: not one that addresses can be put in for a while;
 * with any error, @why says more.
 */
int nftset_look_up(struct nl *nl, const struct nftable *table, struct nftset *set,
		   char *why, size_t size)
{
	struct nftnl_set *query = new_set(table, set->name), *answer = nftnl_set_alloc();
	char buf[1024] __attribute__((aligned(8))) = { 0 };
	uint32_t flags, type;
	struct nlmsghdr *nlh;
	int ret;

	if (!answer)
		die("out of memory");
	set->family = 0;
	nlh = nf_message(buf, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSET, 0, table->family);
	nftnl_set_nlmsg_build_payload(nlh, query);
	ret = nl_request(nl, nlh, parse_set, answer);
	nftnl_set_free(query);
	flags = nftnl_set_get_u32(answer, NFTNL_SET_FLAGS);
	type = nftnl_set_get_u32(answer, NFTNL_SET_KEY_TYPE);
	nftnl_set_free(answer);

	if (ret == -ENOENT) {
		snprintf(why, size,
			 "--set %s: not there; make it with nft(8), type ipv4_addr or ipv6_addr, flags timeout",
			 set->name);
	} else if (ret == -EPERM) {
		snprintf(why, size, "not permitted: CAP_NET_ADMIN is needed (run it as root)");
	} else if (ret) {
		snprintf(why, size, "--set %s: %s", set->name, strerror(-ret));
	} else if (flags & NFT_SET_MAP || (type != TYPE_IPV4_ADDR && type != TYPE_IPV6_ADDR)) {
		snprintf(why, size,
			 "--set %s: is of another type; ipv4_addr or ipv6_addr is needed",
			 set->name);
		ret = -EINVAL;
	} else if (!(flags & NFT_SET_TIMEOUT)) {
		snprintf(why, size,
			 "--set %s: bans would never end; make it with \"flags timeout\"",
			 set->name);
		ret = -EINVAL;
	} else if (flags & (NFT_SET_INTERVAL | NFT_SET_CONSTANT)) {
		snprintf(why, size,
			 "--set %s: has the flag \"%s\"; make it with \"flags timeout\" alone",
			 set->name, flags & NFT_SET_INTERVAL ? "interval" : "constant");
		ret = -EINVAL;
	} else {
		set->family = type == TYPE_IPV4_ADDR ? NFPROTO_IPV4 : NFPROTO_IPV6;
	}
	return ret;
}

/* 1 if @key is in the set, 0 if not */
int nftset_has(struct nl *nl, const struct nftable *table, const struct nftset *set,
	       const struct key *key)
{
	struct nftnl_set *query = new_set(table, set->name);
	char buf[1024] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh;
	int ret;

	add_element(query, key, 0);
	nlh = nf_message(buf, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETSETELEM, 0,
			 table->family);
	nftnl_set_elems_nlmsg_build_payload(nlh, query);
	nftnl_set_free(query);
	ret = nl_request(nl, nlh, NULL, NULL);
	return ret == -ENOENT ? 0 : ret ? ret : 1;
}

static struct nlmsghdr *batch_message(void *buf, uint16_t type, uint32_t seq)
{
	struct nlmsghdr *nlh = nf_message(buf, type, 0, AF_UNSPEC);
	struct nfgenmsg *header = mnl_nlmsg_get_payload(nlh);

	header->res_id = htons(NFNL_SUBSYS_NFTABLES);
	nlh->nlmsg_seq = seq;
	return nlh;
}

/*
 * Puts all of @items into their sets, or none. All messages have one number, and only
 * the last element's is acknowledged, so that the first answer is that to the whole.
 */
int nftset_add(struct nl *nl, const struct nftable *table, const struct nftset_item *items,
	       unsigned int n, uint64_t timeout_ms)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;
	unsigned int i;
	char *at = buf;

	nl->seq++;
	nlh = batch_message(at, NFNL_MSG_BATCH_BEGIN, nl->seq);
	at += nlh->nlmsg_len;
	for (i = 0; i < n; i++) {
		struct nftnl_set *set = new_set(table, items[i].set->name);

		if (at - buf > (ptrdiff_t)sizeof(buf) - 2048) {
			nftnl_set_free(set);
			return -E2BIG;
		}
		add_element(set, items[i].key, timeout_ms);
		nlh = nf_message(at, (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWSETELEM,
				 NLM_F_CREATE | (i == n - 1 ? NLM_F_ACK : 0), table->family);
		nlh->nlmsg_seq = nl->seq;
		nftnl_set_elems_nlmsg_build_payload(nlh, set);
		nftnl_set_free(set);
		at += nlh->nlmsg_len;
	}
	nlh = batch_message(at, NFNL_MSG_BATCH_END, nl->seq);
	at += nlh->nlmsg_len;
	if (mnl_socket_sendto(nl->sock, buf, at - buf) < 0)
		return -errno;
	return nl_answer(nl, nl->seq, NULL, NULL);
}
