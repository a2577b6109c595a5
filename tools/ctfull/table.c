// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection tracking table, read from the kernel and counted by a key while it
 * comes in. Memory is for the keys, not for the entries.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include "ctfull.h"

#define CT_MSG(type)	((NFNL_SUBSYS_CTNETLINK << 8) | (type))

/* Calls @cb with each entry of @family, 0: of all families */
int conntrack_dump(struct nl *nl, uint8_t family, nl_cb *cb, void *data)
{
	char buf[64] __attribute__((aligned(8)));

	return nl_request(nl, nf_message(buf, CT_MSG(IPCTNL_MSG_CT_GET), NLM_F_DUMP, family),
			  cb, data);
}

struct limits {
	uint32_t count, max;
};

static int limits_cb(const struct nlmsghdr *nlh, void *data)
{
	struct limits *limits = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_payload_len(attr) < sizeof(uint32_t))
			continue;
		if (mnl_attr_get_type(attr) == CTA_STATS_GLOBAL_ENTRIES)
			limits->count = ntohl(mnl_attr_get_u32(attr));
		else if (mnl_attr_get_type(attr) == CTA_STATS_GLOBAL_MAX_ENTRIES)
			limits->max = ntohl(mnl_attr_get_u32(attr));
	}
	return 0;
}

/* Needs no xt_ctfull; @max is 0 if there is no limit */
int conntrack_limits(struct nl *nl, uint32_t *count, uint32_t *max)
{
	char buf[64] __attribute__((aligned(8)));
	struct limits limits = { 0 };
	int ret;

	ret = nl_request(nl, nf_message(buf, CT_MSG(IPCTNL_MSG_CT_GET_STATS), 0, AF_UNSPEC),
			 limits_cb, &limits);
	*count = limits.count;
	*max = limits.max;
	return ret;
}

const char *conntrack_error(int error)
{
	switch (error) {
	case -EPERM:
		return "not permitted: CAP_NET_ADMIN is needed (run it as root)";
	case -EINVAL:
	case -EPROTONOSUPPORT:
	case -EOPNOTSUPP:
		return "the kernel has no ctnetlink: load it (modprobe nf_conntrack_netlink)";
	}
	return strerror(-error);
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static uint8_t find_u8(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr = find(nest, type);

	return attr && mnl_attr_get_payload_len(attr) ? mnl_attr_get_u8(attr) : 0;
}

static bool parse_addr(const struct nlattr *ip, uint8_t family, bool src, struct key *key)
{
	const struct nlattr *attr;
	size_t len;

	if (family == AF_INET) {
		attr = find(ip, src ? CTA_IP_V4_SRC : CTA_IP_V4_DST);
		len = 4;
	} else {
		attr = find(ip, src ? CTA_IP_V6_SRC : CTA_IP_V6_DST);
		len = 16;
	}
	if (!attr || mnl_attr_get_payload_len(attr) != len)
		return false;
	memcpy(key->addr, mnl_attr_get_payload(attr), len);
	key->family = family;
	return true;
}

/* What a key takes from a tuple. False if it is not there */
static bool parse_tuple(const struct nlattr *tuple, uint8_t family, enum counted by,
			struct key *key)
{
	const struct nlattr *attr, *port;

	mnl_attr_for_each_nested(attr, tuple) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_IP:
			if (by == BY_SRC || by == BY_DST)
				return parse_addr(attr, family, by == BY_SRC, key);
			break;
		case CTA_TUPLE_PROTO:
			if (by == BY_ZONE)
				break;
			key->protocol = find_u8(attr, CTA_PROTO_NUM);
			if (by != BY_DPORT)
				return true;
			port = find(attr, CTA_PROTO_DST_PORT);
			if (port && mnl_attr_get_payload_len(port) == sizeof(uint16_t)) {
				/* Tells port 0 from none */
				key->family = 1;
				key->number = ntohs(mnl_attr_get_u16(port));
			}
			return true;
		case CTA_TUPLE_ZONE:
			if (by == BY_ZONE && mnl_attr_get_payload_len(attr) == sizeof(uint16_t))
				key->number = ntohs(mnl_attr_get_u16(attr));
			break;
		}
	}
	return by == BY_ZONE;
}

static uint8_t protocol_state(const struct nlattr *info)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, info) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_PROTOINFO_TCP:
			return find_u8(attr, CTA_PROTOINFO_TCP_STATE);
		case CTA_PROTOINFO_DCCP:
			return find_u8(attr, CTA_PROTOINFO_DCCP_STATE);
		case CTA_PROTOINFO_SCTP:
			return find_u8(attr, CTA_PROTOINFO_SCTP_STATE);
		}
	}
	return 0;
}

/* False: no entry, or not as expected */
bool key_parse(const struct nlmsghdr *nlh, enum counted by, struct key *key)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	bool found = false, has_state = false;

	memset(key, 0, sizeof(*key));
	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		switch (mnl_attr_get_type(attr)) {
		case CTA_TUPLE_ORIG:
			found = parse_tuple(attr, header->nfgen_family, by, key);
			/* It comes first: most of a message is never looked at */
			if (by != BY_STATE && by != BY_ZONE)
				return found;
			break;
		case CTA_ZONE:
			if (by == BY_ZONE && mnl_attr_get_payload_len(attr) == sizeof(uint16_t))
				key->number = ntohs(mnl_attr_get_u16(attr));
			break;
		case CTA_STATUS:
			if (by == BY_STATE && !has_state &&
			    mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
				key->number = ntohl(mnl_attr_get_u32(attr)) &
					      (IPS_SEEN_REPLY | IPS_ASSURED);
			break;
		case CTA_PROTOINFO:
			if (by == BY_STATE) {
				has_state = true;
				/* Tells a protocol's own states from the others */
				key->family = 1;
				key->number = protocol_state(attr);
			}
			break;
		}
	}
	return found;
}

static inline uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

#define SIPROUND do {							\
	v0 += v1; v1 = rotate(v1, 13); v1 ^= v0; v0 = rotate(v0, 32);	\
	v2 += v3; v3 = rotate(v3, 16); v3 ^= v2;			\
	v0 += v3; v3 = rotate(v3, 21); v3 ^= v0;			\
	v2 += v1; v1 = rotate(v1, 17); v1 ^= v2; v2 = rotate(v2, 32);	\
} while (0)

/* SipHash-1-3: who chooses the addresses must not be able to choose the slots, too. */
static uint64_t hash(const uint64_t *seed, const struct key *key)
{
	uint64_t v0 = seed[0] ^ 0x736f6d6570736575ULL;
	uint64_t v1 = seed[1] ^ 0x646f72616e646f6dULL;
	uint64_t v2 = seed[0] ^ 0x6c7967656e657261ULL;
	uint64_t v3 = seed[1] ^ 0x7465646279746573ULL;
	uint64_t words[(sizeof(*key) + 8) / 8] = { 0 };
	int i;

	memcpy(words, key, sizeof(*key));
	words[2] |= (uint64_t)sizeof(*key) << 56;
	for (i = 0; i < 3; i++) {
		v3 ^= words[i];
		SIPROUND;
		v0 ^= words[i];
	}
	v2 ^= 0xff;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

/* The slot of @key, or the free one where it goes */
static struct slot *look_up(const struct table *table, const struct key *key)
{
	size_t i = hash(table->seed, key) & (table->size - 1);

	while (table->slots[i].entries && memcmp(&table->slots[i].key, key, sizeof(*key)))
		i = (i + 1) & (table->size - 1);
	return &table->slots[i];
}

static int grow(struct table *table)
{
	struct table new = *table;
	size_t i;

	new.size = table->size ? table->size * 2 : 1024;
	new.slots = calloc(new.size, sizeof(*new.slots));
	if (!new.slots)
		return -ENOMEM;
	for (i = 0; i < table->size; i++)
		if (table->slots[i].entries)
			*look_up(&new, &table->slots[i].key) = table->slots[i];
	free(table->slots);
	*table = new;
	return 0;
}

struct reading {
	struct table *table;
	enum counted by;
};

static int read_cb(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	struct table *table = reading->table;
	struct slot *slot;
	struct key key;

	if (!key_parse(nlh, reading->by, &key))
		return 0;
	if (table->used >= table->size / 4 * 3) {
		int ret = grow(table);

		if (ret)
			return ret;
	}
	slot = look_up(table, &key);
	if (!slot->entries) {
		slot->key = key;
		table->used++;
	}
	slot->entries++;
	table->total++;
	return 0;
}

/* Counts the entries anew; 0 or a negative errno */
int table_read(struct table *table, struct nl *nl, enum counted by, uint8_t family)
{
	struct reading reading = { .table = table, .by = by };
	int ret, tries;

	for (tries = 0; tries < 2; tries++) {
		table_free(table);
		if (getrandom(table->seed, sizeof(table->seed), 0) != sizeof(table->seed))
			return -errno;
		ret = conntrack_dump(nl, family, read_cb, &reading);
		table->approximate = nl->interrupted;
		if (ret || !nl->interrupted)
			break;
	}
	return ret;
}

/* @a comes before @b in a list: it has more entries, or at least a place of its own */
static bool before(const struct slot *a, const struct slot *b)
{
	if (a->entries != b->entries)
		return a->entries > b->entries;
	if (a->key.family != b->key.family)
		return a->key.family < b->key.family;
	if (a->key.protocol != b->key.protocol)
		return a->key.protocol < b->key.protocol;
	if (a->key.number != b->key.number)
		return a->key.number < b->key.number;
	return memcmp(a->key.addr, b->key.addr, sizeof(a->key.addr)) < 0;
}

static void sift_down(const struct slot **heap, unsigned int n, unsigned int i)
{
	const struct slot *item = heap[i];
	unsigned int child;

	for (; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && before(heap[child], heap[child + 1]))
			child++;
		if (!before(item, heap[child]))
			break;
		heap[i] = heap[child];
	}
	heap[i] = item;
}

/*
 * The @n keys with the most entries, most first: returns how many there are. A heap
 * whose root is the last of those found takes no memory for the rest.
 */
unsigned int table_top(const struct table *table, const struct slot **top, unsigned int n)
{
	unsigned int found = 0, i;
	size_t s;

	for (s = 0; s < table->size; s++) {
		const struct slot *slot = &table->slots[s];

		if (!slot->entries)
			continue;
		if (found < n) {
			top[found++] = slot;
			if (found == n)
				for (i = n / 2; i--; )
					sift_down(top, n, i);
		} else if (n && before(slot, top[0])) {
			top[0] = slot;
			sift_down(top, n, 0);
		}
	}
	if (found < n)
		for (i = found / 2; i--; )
			sift_down(top, found, i);
	for (i = found; i > 1; ) {
		const struct slot *last = top[0];

		top[0] = top[--i];
		top[i] = last;
		sift_down(top, i, 0);
	}
	return found;
}

void table_free(struct table *table)
{
	free(table->slots);
	memset(table, 0, sizeof(*table));
}
