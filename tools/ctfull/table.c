// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection tracking table, read from the kernel and counted by a key while it
 * comes in. Memory is for the keys, not for the entries.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
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

/*
 * Does the tracker of this namespace take TCP segments whatever their numbers are? 0, 1
 * or a negative errno.
 */
int conntrack_liberal(void)
{
	int fd = open("/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal",
		      O_RDONLY | O_CLOEXEC);
	char digit;
	int ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, &digit, 1) == 1 ? digit != '0' : -EIO;
	close(fd);
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

static int count_cb(const struct nlmsghdr *nlh __attribute__((unused)), void *data)
{
	++*(uint64_t *)data;
	return 0;
}

/* How many entries a dump has: IPCTNL_MSG_CT_GET, or those that ..._GET_DYING lists */
int conntrack_listed(struct nl *nl, bool dying, uint64_t *listed)
{
	char buf[64] __attribute__((aligned(8)));
	uint16_t type = CT_MSG(dying ? IPCTNL_MSG_CT_GET_DYING : IPCTNL_MSG_CT_GET);

	*listed = 0;
	return nl_request(nl, nf_message(buf, type, NLM_F_DUMP, AF_UNSPEC), count_cb, listed);
}

/*
 * Are far fewer entries listed than counted? A few are always on their way in or out,
 * and while a table is read it changes.
 */
bool conntrack_held(uint32_t count, uint64_t listed)
{
	return count > listed && count - listed > 16 && count - listed > count / 10;
}

/* What that can mean; @dying: those of them that are known to wait for a reader */
void conntrack_held_text(FILE *out, uint32_t count, uint64_t listed, uint64_t dying)
{
	fprintf(out, "%u counted, %llu listed: the others are held by packets in queues\n"
		"(NFQUEUE, a network card's, a socket that nobody reads), or have expired and wait\n"
		"to be collected, or have leaked; see ctfull(8)\n", count,
		(unsigned long long)listed);
	if (dying)
		fprintf(out, "%llu of them have ended and wait until a program has read of it\n",
			(unsigned long long)dying);
}

/*
 * The attribute at @at, or NULL if none is there before @end. libmnl's functions are
 * calls; of all that is done to a large table, most is done here.
 */
static inline const struct nlattr *attr_at(const void *at, const void *end)
{
	ptrdiff_t left = (const char *)end - (const char *)at;
	const struct nlattr *attr = at;

	/* Is it as long as its header, and not longer than what is left? */
	return left >= NLA_HDRLEN &&
	       (size_t)attr->nla_len - NLA_HDRLEN <= (size_t)left - NLA_HDRLEN ? attr : NULL;
}

static inline const struct nlattr *attr_next(const struct nlattr *attr, const void *end)
{
	return attr_at((const char *)attr + NLA_ALIGN(attr->nla_len), end);
}

static inline const void *attr_end(const struct nlattr *attr)
{
	return (const char *)attr + attr->nla_len;
}

/* The first one of those that @nest has */
static inline const struct nlattr *attr_first(const struct nlattr *nest)
{
	return attr_at((const char *)nest + NLA_HDRLEN, attr_end(nest));
}

static inline uint16_t attr_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

/* Copies what @attr holds if it is of this size: is it? */
static inline bool attr_get(const struct nlattr *attr, void *value, size_t size)
{
	if (attr->nla_len != NLA_HDRLEN + size)
		return false;
	memcpy(value, (const char *)attr + NLA_HDRLEN, size);
	return true;
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	for (attr = attr_first(nest); attr; attr = attr_next(attr, attr_end(nest)))
		if (attr_type(attr) == type)
			return attr;
	return NULL;
}

static uint8_t find_u8(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr = find(nest, type);
	uint8_t value = 0;

	if (attr)
		attr_get(attr, &value, sizeof(value));
	return value;
}

static inline bool parse_addr(const struct nlattr *ip, uint8_t family, bool src,
			      struct key *key)
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
	key->family = family;
	return attr && attr_get(attr, key->addr, len);
}

/* What a protocol says of an entry */
struct protocol {
	uint8_t number;
	uint8_t state;
	bool has_state;
};

static inline void parse_port(const struct nlattr *proto, struct key *key)
{
	const struct nlattr *port = find(proto, CTA_PROTO_DST_PORT);
	uint16_t value;

	if (port && attr_get(port, &value, sizeof(value))) {
		/* Tells port 0 from none */
		key->family = 1;
		key->number = ntohs(value);
	}
}

static inline uint16_t parse_zone(const struct nlattr *attr)
{
	uint16_t zone = 0;

	attr_get(attr, &zone, sizeof(zone));
	return ntohs(zone);
}

/* What a key takes from a tuple. False if it is not there */
static inline bool parse_tuple(const struct nlattr *tuple, uint8_t family,
			       const struct counting *how, struct key *key,
			       struct protocol *protocol)
{
	bool by_addr = how->by == BY_SRC || how->by == BY_DST;
	bool found = how->by == BY_ZONE;
	const struct nlattr *attr;

	for (attr = attr_first(tuple); attr; attr = attr_next(attr, attr_end(tuple))) {
		switch (attr_type(attr)) {
		case CTA_TUPLE_IP:
			if (by_addr)
				found = parse_addr(attr, family, how->by == BY_SRC, key);
			break;
		case CTA_TUPLE_PROTO:
			if (by_addr && !how->replied)
				break;
			protocol->number = find_u8(attr, CTA_PROTO_NUM);
			if (by_addr || how->by == BY_ZONE)
				break;
			key->protocol = protocol->number;
			if (how->by == BY_DPORT)
				parse_port(attr, key);
			found = true;
			break;
		case CTA_TUPLE_ZONE:
			if (how->by == BY_ZONE || how->zones)
				key->number = parse_zone(attr);
			break;
		}
	}
	return found;
}

static void parse_state(const struct nlattr *info, struct protocol *protocol)
{
	const struct nlattr *attr;

	protocol->has_state = true;
	for (attr = attr_first(info); attr; attr = attr_next(attr, attr_end(info))) {
		switch (attr_type(attr)) {
		case CTA_PROTOINFO_TCP:
			protocol->state = find_u8(attr, CTA_PROTOINFO_TCP_STATE);
			return;
		case CTA_PROTOINFO_DCCP:
			protocol->state = find_u8(attr, CTA_PROTOINFO_DCCP_STATE);
			return;
		case CTA_PROTOINFO_SCTP:
			protocol->state = find_u8(attr, CTA_PROTOINFO_SCTP_STATE);
			return;
		}
	}
}

/* Has it a handshake, which only goes on with what the other end's answer said? */
static inline bool has_handshake(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

/*
 * Is there, of an entry that has seen a reply, more than that? A reply goes to a forged
 * source as well, and a SYN/ACK is one. ASSURED comes with the end of the handshake; of
 * TCP the state tells, too, where an entry was made by hand or by conntrackd.
 *
 * With nf_conntrack_tcp_be_liberal nothing tells it of TCP: the tracker then takes any
 * number for an acknowledgment of the SYN/ACK, which a forged source has not seen. Not
 * even CLOSE would give that away, as no rule says that a server resets it.
 */
static bool shook_hands(const struct protocol *protocol, uint32_t status, bool liberal)
{
	if (!has_handshake(protocol->number))
		return true;
	if (protocol->number == IPPROTO_TCP && liberal)
		return false;
	if (status & IPS_ASSURED)
		return true;
	return protocol->number == IPPROTO_TCP && protocol->state >= TCP_CONNTRACK_ESTABLISHED &&
	       protocol->state <= TCP_CONNTRACK_TIME_WAIT;
}

/* Only the first bits of an IPv6 address count. */
void key_mask(struct key *key, unsigned int bits)
{
	unsigned int word, left;

	for (word = 0; word < 4; word++) {
		left = bits > word * 32 ? bits - word * 32 : 0;
		if (left < 32)
			key->addr[word] &= left ? htonl(~0U << (32 - left)) : 0;
	}
	key->protocol = bits;
}

/*
 * What @nlh, an entry, is counted by. False: it is none, or not as expected, or is not
 * counted. @id, the entry's own, is 0 if it was not read. As few attributes as need be
 * are looked at; ctnetlink has them in this order: tuples, zone, status, id, and then,
 * of some, the protocol's.
 */
bool key_parse(const struct nlmsghdr *nlh, const struct counting *how, struct key *key,
	       uint32_t *id)
{
	const struct nfgenmsg *header = (const void *)((const char *)nlh + NLMSG_HDRLEN);
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	bool found = false, state = how->by == BY_STATE;
	struct protocol protocol = { 0 };
	const struct nlattr *attr;
	uint32_t status = 0;

	memset(key, 0, sizeof(*key));
	*id = 0;
	for (attr = attr_at((const char *)header + NLMSG_ALIGN(sizeof(*header)), end); attr;
	     attr = attr_next(attr, end)) {
		switch (attr_type(attr)) {
		case CTA_TUPLE_ORIG:
			found = parse_tuple(attr, header->nfgen_family, how, key, &protocol);
			break;
		case CTA_ZONE:
			if (how->by == BY_ZONE || how->zones)
				key->number = parse_zone(attr);
			break;
		case CTA_STATUS:
			attr_get(attr, &status, sizeof(status));
			status = ntohl(status);
			state |= how->replied && !(status & IPS_ASSURED) &&
				 has_handshake(protocol.number);
			break;
		case CTA_ID:
			attr_get(attr, id, sizeof(*id));
			if (!state)
				goto out;
			break;
		case CTA_PROTOINFO:
			parse_state(attr, &protocol);
			goto out;
		}
	}
out:
	if (how->by == BY_STATE) {
		/* Tells a protocol's own states from the others */
		key->family = protocol.has_state;
		key->number = protocol.has_state ? protocol.state :
			      status & (IPS_SEEN_REPLY | IPS_ASSURED);
	}
	if (how->prefix6 && key->family == AF_INET6)
		key_mask(key, how->prefix6);
	return found && (!how->replied ||
			 (status & IPS_SEEN_REPLY &&
			  shook_hands(&protocol, status, how->liberal)));
}

/*
 * Some of the entries' ids, to see entries that come twice: all whose last bits are 0.
 * More bits if there are too many, so that the memory stays what it is. The kernel
 * takes ids from a keyed hash, so who makes entries does not choose them.
 */
#define SAMPLE_BITS	13	/* 8192 is 2^13 */
#define SAMPLE_SIZE	8192

static struct {
	uint32_t mask;
	unsigned int n;
	unsigned int twice;
	struct {
		uint32_t id;		/* 0: free */
		bool twice;
	} slots[SAMPLE_SIZE];
} sample;

static void sample_put(uint32_t id, bool twice)
{
	uint32_t i = ntohl(id) >> (32 - SAMPLE_BITS);

	while (sample.slots[i].id && sample.slots[i].id != id)
		i = (i + 1) % SAMPLE_SIZE;
	sample.n += !sample.slots[i].id;
	twice |= sample.slots[i].id == id;
	sample.twice += twice && !sample.slots[i].twice;
	sample.slots[i].id = id;
	sample.slots[i].twice |= twice;
}

static void sample_thin_out(void)
{
	static typeof(sample) old;
	unsigned int i;

	old = sample;
	memset(&sample, 0, sizeof(sample));
	sample.mask = htonl(ntohl(old.mask) * 2 + 1);
	for (i = 0; i < SAMPLE_SIZE; i++)
		if (old.slots[i].id && !(old.slots[i].id & sample.mask))
			sample_put(old.slots[i].id, old.slots[i].twice);
}

static inline void sample_add(uint32_t id)
{
	if (!id || id & sample.mask)
		return;
	sample_put(id, false);
	if (sample.n > SAMPLE_SIZE / 2)
		sample_thin_out();
}

/*
 * More than one in twenty: a few come twice where an entry ends just when the dump pauses
 * at it, and by chance two of many have one id.
 */
static bool many_twice(void)
{
	return sample.twice > 1 && sample.twice * 20 > sample.n;
}

/* How many buckets the hash table has; 0: not known. @fd is open_buckets()'s. */
static unsigned int read_buckets(int fd)
{
	char text[16];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return 0;
	text[len] = 0;
	return strtoul(text, NULL, 10);
}

static int open_buckets(void)
{
	return open("/proc/sys/net/netfilter/nf_conntrack_buckets", O_RDONLY | O_CLOEXEC);
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

/* How many a table has at first */
#define SLOTS_MIN		1024
#define SLOTS_FIRST		1048576

static inline bool is_free(const struct slot *slot)
{
	return !slot->entries && !slot->split;
}

/* The slot of @key, or the free one where it goes */
static struct slot *look_up(const struct table *table, const struct key *key)
{
	size_t i = hash(table->seed, key) & (table->size - 1);

	while (!is_free(&table->slots[i]) && memcmp(&table->slots[i].key, key, sizeof(*key)))
		i = (i + 1) & (table->size - 1);
	return &table->slots[i];
}

static int grow(struct table *table, size_t size)
{
	struct table new = *table;
	size_t i;

	new.size = size;
	new.slots = calloc(new.size, sizeof(*new.slots));
	if (!new.slots)
		return -ENOMEM;
	for (i = 0; i < table->size; i++)
		if (!is_free(&table->slots[i]))
			*look_up(&new, &table->slots[i].key) = table->slots[i];
	free(table->slots);
	*table = new;
	return 0;
}

/* The slot of @key, a new one if need be; NULL: no memory */
static struct slot *get_slot(struct table *table, const struct key *key)
{
	struct slot *slot;

	if (table->used >= table->size / 4 * 3 && grow(table, table->size * 2))
		return NULL;
	slot = look_up(table, key);
	if (is_free(slot)) {
		slot->key = *key;
		table->used++;
	}
	return slot;
}

/* After so many entries: is the hash table still as large as it was? */
#define LOOK_AT_BUCKETS		256

struct reading {
	struct table *table;
	const struct counting *how, *whole;
	int buckets_fd;
	unsigned int buckets;
	bool resized;
};

static int read_cb(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	struct table *table = reading->table;
	struct slot *slot;
	struct key key;
	bool counts;
	uint32_t id;

	counts = key_parse(nlh, reading->how, &key, &id);
	sample_add(id);
	if (!(++table->total % LOOK_AT_BUCKETS))
		reading->resized |= read_buckets(reading->buckets_fd) != reading->buckets;
	if (!counts)
		return 0;
	slot = get_slot(table, &key);
	if (!slot)
		return -ENOMEM;
	slot->entries++;
	if (!slot->split)
		return 0;
	/* Each of its addresses counts by itself, too. */
	key_parse(nlh, reading->whole, &key, &id);
	slot = get_slot(table, &key);
	if (!slot)
		return -ENOMEM;
	slot->entries++;
	return 0;
}

static int prepare(struct table *table, const struct counting *how, uint32_t count)
{
	size_t size = SLOTS_MIN;
	struct slot *slot;
	unsigned int i;

	memset(&sample, 0, sizeof(sample));
	table_free(table);
	if (getrandom(table->seed, sizeof(table->seed), 0) != sizeof(table->seed))
		return -errno;
	/* As many as it may take: to grow takes time, and what is not used no memory. */
	while (size < count && size < SLOTS_FIRST)
		size *= 2;
	if (grow(table, size))
		return -ENOMEM;
	for (i = 0; i < how->n_split; i++) {
		slot = get_slot(table, &how->split[i]);
		if (!slot)
			return -ENOMEM;
		slot->split = true;
	}
	return 0;
}

/* @count: how many entries there are, the larger one of before and after */
static int read_once(struct table *table, struct nl *nl, const struct counting *how,
		     uint32_t *count)
{
	struct counting whole = *how;
	struct reading reading = { .table = table, .how = how, .whole = &whole };
	uint32_t after, max;
	bool interrupted;
	int ret;

	whole.prefix6 = 0;
	if (conntrack_limits(nl, count, &max))
		*count = 0;
	ret = prepare(table, how, *count);
	if (ret)
		return ret;
	reading.buckets_fd = open_buckets();
	reading.buckets = read_buckets(reading.buckets_fd);
	ret = conntrack_dump(nl, how->family, read_cb, &reading);
	/* The next request sets it anew. */
	interrupted = nl->interrupted;
	reading.resized |= read_buckets(reading.buckets_fd) != reading.buckets;
	if (reading.buckets_fd >= 0)
		close(reading.buckets_fd);
	if (ret)
		return ret;
	if (!conntrack_limits(nl, &after, &max) && *count < after)
		*count = after;
	table->approximate = interrupted || reading.resized || many_twice();
	/* Where entries have no ids: a dump is of no one moment, and near the count. */
	if (!sample.n && *count && table->total > *count + *count / 10 + 64ULL)
		table->approximate = true;
	return 0;
}

/* Is it about the same number? */
static bool is_near(uint64_t a, uint64_t b)
{
	return a > b ? a - b <= a / 20 + 16 : b - a <= b / 20 + 16;
}

/*
 * Counts the entries anew; 0 or a negative errno. ctnetlink does not say that it went
 * through another table in the end than at the beginning: if the hash table grows
 * meanwhile, entries come twice, and if it shrinks, some do not come at all. Nor does it
 * list all that is counted: with @how->settle, only what twice is not listed is taken for
 * held by somebody.
 */
int table_read(struct table *table, struct nl *nl, const struct counting *how)
{
	uint64_t before = UINT64_MAX;
	uint32_t count;
	int ret, tries;

	for (tries = 0; tries < 3; tries++) {
		ret = read_once(table, nl, how, &count);
		if (ret)
			break;
		if (table->approximate)
			continue;
		if (!how->settle || !conntrack_held(count, table->total) ||
		    is_near(before, table->total))
			break;
		before = table->total;
		table->approximate = true;
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

		/* also what was to be split, and has no entry */
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
