// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of nftables: what they are, what is in them, and new elements. Functions need a
 * socket of NETLINK_NETFILTER.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>
#include "../lib/program.h"
#include "nftset.h"

/* What nft(8) calls ipv4_addr and ipv6_addr; these numbers are its own. */
#define TYPE_IPV4_ADDR		7
#define TYPE_IPV6_ADDR		8

/* Maps, also to objects such as counters, and what has several fields */
#define NOT_FOR_ADDRESSES	(NFT_SET_MAP | NFT_SET_OBJECT | NFT_SET_CONCAT)

static struct nftnl_set *new_set(const struct nftable *table, const char *name)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set || nftnl_set_set_str(set, NFTNL_SET_TABLE, table->name) ||
	    nftnl_set_set_str(set, NFTNL_SET_NAME, name))
		no_memory();
	return set;
}

static void put_element(struct nftnl_set *set, const uint8_t *key, size_t len, uint32_t flags,
			uint64_t timeout_ms)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();

	if (!element || nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, len))
		no_memory();
	if (flags)
		nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, flags);
	if (timeout_ms)
		nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, timeout_ms);
	nftnl_set_elem_add(set, element);
}

static size_t key_len(const struct key *key)
{
	return key->family == AF_INET6 ? 16 : 4;
}

/* The address after the last one of @key. False: there is none */
static bool key_end(const struct key *key, uint8_t *end)
{
	unsigned int i = key_bits(key), carry;

	memcpy(end, key->addr, key_len(key));
	/* Adds 1 to the last bit that counts */
	carry = 1U << ((8 - i % 8) % 8);
	for (i = (i - 1) / 8 + 1; carry && i--; carry >>= 8) {
		carry += end[i];
		end[i] = carry;
	}
	return !carry;
}

/*
 * A set with the flag interval has two elements for a network: its first address, and
 * the one after its last.
 */
static void add_elements(struct nftnl_set *set, const struct nftset_item *item,
			 uint64_t timeout_ms)
{
	const struct key *key = item->key;
	uint8_t end[16];

	put_element(set, (const uint8_t *)key->addr, key_len(key), 0, timeout_ms);
	if (item->set->interval && key_end(key, end))
		put_element(set, end, key_len(key), NFT_SET_ELEM_INTERVAL_END, 0);
}

static int parse_set(const struct nlmsghdr *nlh, void *data)
{
	return nftnl_set_nlmsg_parse(nlh, data) ? -EBADMSG : 0;
}

static int look_up_table(struct nl *nl, const struct nftable *table)
{
	char buf[1024] __attribute__((aligned(8))) = { 0 };
	struct nftnl_table *query = nftnl_table_alloc();
	struct nlmsghdr *nlh;

	if (!query || nftnl_table_set_str(query, NFTNL_TABLE_NAME, table->name))
		no_memory();
	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETTABLE, table->family, 0, 0);
	nftnl_table_nlmsg_build_payload(nlh, query);
	nftnl_table_free(query);
	return nl_request(nl, nlh, NULL, NULL);
}

/* Why a set is of no use; NULL: it can be used */
static const char *why_unfit(uint32_t type, uint32_t flags)
{
	if (flags & NOT_FOR_ADDRESSES || (type != TYPE_IPV4_ADDR && type != TYPE_IPV6_ADDR))
		return "has another type; ipv4_addr or ipv6_addr is needed";
	if (!(flags & NFT_SET_TIMEOUT))
		return "has no timeout, so bans would never end; make it with \"flags timeout\"";
	if (flags & NFT_SET_CONSTANT)
		return "has the flag \"constant\"; make it without";
	return NULL;
}

/**
 * nftset_look_up - find out what a set is
 * @nl: a socket
 * @table: the set's table
 * @set: the set; only its name counts before
 * @why: with an error, what is wrong, and what helps
 * @size: of @why
 *
 * Returns 0 or a negative errno. -EINVAL and -EPERM do not become right by themselves.
 */
int nftset_look_up(struct nl *nl, const struct nftable *table, struct nftset *set,
		   char *why, size_t size)
{
	struct nftnl_set *query = new_set(table, set->name), *answer = nftnl_set_alloc();
	char buf[1024] __attribute__((aligned(8))) = { 0 };
	const char *unfit;
	uint32_t flags, type;
	struct nlmsghdr *nlh;
	int ret;

	if (!answer)
		no_memory();
	set->family = 0;
	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSET, table->family, 0, 0);
	nftnl_set_nlmsg_build_payload(nlh, query);
	ret = nl_request(nl, nlh, parse_set, answer);
	nftnl_set_free(query);
	flags = nftnl_set_get_u32(answer, NFTNL_SET_FLAGS);
	type = nftnl_set_get_u32(answer, NFTNL_SET_KEY_TYPE);
	nftnl_set_free(answer);

	if (ret == -ENOENT && look_up_table(nl, table) == -ENOENT)
		snprintf(why, size,
			 "--table %s: does not exist; make it, and its sets, with nft(8)",
			 table->text);
	else if (ret == -ENOENT)
		snprintf(why, size,
			 "--set %s: does not exist; make it with nft(8), type ipv4_addr or ipv6_addr, flags timeout",
			 set->name);
	else if (ret == -EINVAL || ret == -EOPNOTSUPP)
		/* nfnetlink's answer where nobody has registered for it */
		snprintf(why, size, "the kernel has no nf_tables: load it (modprobe nf_tables)");
	else if (ret)
		snprintf(why, size, "--set %s: %s", set->name, nl_error(ret));
	if (ret)
		return ret;
	unfit = why_unfit(type, flags);
	if (unfit) {
		snprintf(why, size, "--set %s: %s", set->name, unfit);
		return -EINVAL;
	}
	set->interval = flags & NFT_SET_INTERVAL;
	set->family = type == TYPE_IPV4_ADDR ? AF_INET : AF_INET6;
	return 0;
}

static int parse_elements(const struct nlmsghdr *nlh, void *data)
{
	return nftnl_set_elems_nlmsg_parse(nlh, data) ? -EBADMSG : 0;
}

/* Copies the key of the first element of @set, of @len bytes */
static int first_element(const struct nftnl_set *set, uint8_t *addr, size_t len)
{
	struct nftnl_set_elems_iter *iter = nftnl_set_elems_iter_create(set);
	struct nftnl_set_elem *element;
	const void *key = NULL;
	uint32_t key_len = 0;

	if (!iter)
		no_memory();
	element = nftnl_set_elems_iter_cur(iter);
	if (element)
		key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &key_len);
	if (key && key_len == len)
		memcpy(addr, key, len);
	nftnl_set_elems_iter_destroy(iter);
	return key && key_len == len ? 1 : -EBADMSG;
}

/*
 * Has the set an element @addr? Of a set with the flag interval, the kernel takes the one
 * that is next to @addr: without @flags the network that it is in, if it is in one, and
 * with NFT_SET_ELEM_INTERVAL_END the first end of a network from @addr on. @addr becomes
 * what was found.
 */
static int get_element(struct nl *nl, const struct nftable *table, const struct nftset *set,
		       uint8_t *addr, size_t len, uint32_t flags)
{
	struct nftnl_set *query = new_set(table, set->name), *answer = nftnl_set_alloc();
	char buf[1024] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh;
	int ret;

	if (!answer)
		no_memory();
	put_element(query, addr, len, flags, 0);
	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSETELEM, table->family, 0, 0);
	nftnl_set_elems_nlmsg_build_payload(nlh, query);
	nftnl_set_free(query);
	ret = nl_request(nl, nlh, parse_elements, answer);
	ret = ret == -ENOENT ? 0 : ret ? ret : first_element(answer, addr, len);
	nftnl_set_free(answer);
	return ret;
}

/**
 * nftset_has - is all of an address or network in one element of a set?
 * @nl: a socket
 * @table: the set's table
 * @item: the set, and the address or network
 *
 * The first end after the network's first address is that of the element which this is
 * in. There is none if that reaches to the last address that there is.
 *
 * Returns 0, 1 or a negative errno.
 */
int nftset_has(struct nl *nl, const struct nftable *table, const struct nftset_item *item)
{
	size_t len = key_len(item->key);
	uint8_t found[16], end[16];
	bool ends;
	int ret;

	memcpy(found, item->key->addr, len);
	ret = get_element(nl, table, item->set, found, len, 0);
	if (ret != 1 || !item->set->interval || key_bits(item->key) == len * 8)
		return ret;
	memcpy(found, item->key->addr, len);
	/* After the end of a network before it, which is the same address */
	found[len - 1] |= 1;
	ret = get_element(nl, table, item->set, found, len, NFT_SET_ELEM_INTERVAL_END);
	if (ret < 0)
		return ret;
	ends = key_end(item->key, end);
	return !ret || (ends && memcmp(found, end, len) >= 0);
}

/**
 * nftset_add - put all of some addresses and networks into their sets, or none
 * @nl: a socket
 * @table: the sets' table
 * @items: what is put where
 * @n: how many
 * @timeout_ms: for so long, in milliseconds
 *
 * All messages have one number, and only the last element's is acknowledged, so that
 * the first answer is that to the whole.
 *
 * Returns 0 or a negative errno. -EEXIST: one is there already, or a part of one;
 * -ENFILE or -ENOSPC: a set is full.
 */
int nftset_add(struct nl *nl, const struct nftable *table, const struct nftset_item *items,
	       unsigned int n, uint64_t timeout_ms)
{
	static char buf[1 << 17] __attribute__((aligned(8)));
	struct nlmsghdr *nlh;
	unsigned int i;
	char *at = buf;

	nl->seq++;
	at += nftnl_batch_begin(at, nl->seq)->nlmsg_len;
	for (i = 0; i < n; i++) {
		struct nftnl_set *set;

		if (at - buf > (ptrdiff_t)sizeof(buf) - 2048)
			return -E2BIG;
		set = new_set(table, items[i].set->name);
		add_elements(set, &items[i], timeout_ms);
		nlh = nftnl_nlmsg_build_hdr(at, NFT_MSG_NEWSETELEM, table->family,
					    NLM_F_CREATE | NLM_F_EXCL |
					    (i == n - 1 ? NLM_F_ACK : 0), nl->seq);
		nftnl_set_elems_nlmsg_build_payload(nlh, set);
		nftnl_set_free(set);
		at += nlh->nlmsg_len;
	}
	at += nftnl_batch_end(at, nl->seq)->nlmsg_len;
	if (mnl_socket_sendto(nl->sock, buf, at - buf) < 0)
		return -errno;
	return nl_receive(nl, nl->seq, NULL, NULL);
}
