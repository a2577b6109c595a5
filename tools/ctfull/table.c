// SPDX-License-Identifier: GPL-2.0-only
/*
 * The connection tracking table, counted by a key while it comes in. Memory is for
 * the keys, not for the entries.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>
#include "conntrack.h"
#include "table.h"

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
	struct limits limits;
	bool interrupted;
	int ret;

	whole.prefix6 = 0;
	conntrack_limits(nl, &limits);
	*count = limits.count;
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
	conntrack_limits(nl, &limits);
	if (*count < limits.count)
		*count = limits.count;
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

/**
 * table_read - count the entries
 * @table: what they are; that of before is freed
 * @nl: a socket of NETLINK_NETFILTER
 * @how: how they are counted
 *
 * ctnetlink does not say that it went through another table in the end than at the
 * beginning: if the hash table grows meanwhile, entries come twice, and if it shrinks,
 * some do not come at all. So it is read up to three times, until it was the same
 * table; else @table is approximate. Nor does ctnetlink list all that is counted: with
 * @how->settle, only what is missing twice is taken for that.
 *
 * Returns 0 or a negative errno: see conntrack_error(). @table is to be freed either way.
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
		if (!how->settle || !conntrack_unlisted(count, table->total) ||
		    is_near(before, table->total))
			break;
		before = table->total;
		table->approximate = true;
	}
	return ret;
}

/* Does @a come before @b in a list? It has more entries, or at least a place of its own. */
static bool before(const struct slot *a, const struct slot *b)
{
	if (a->entries != b->entries)
		return a->entries > b->entries;
	if (a->key.family != b->key.family)
		return a->key.family < b->key.family;
	if (a->key.bits != b->key.bits)
		return a->key.bits < b->key.bits;
	if (a->key.number != b->key.number)
		return a->key.number < b->key.number;
	return memcmp(a->key.addr, b->key.addr, sizeof(a->key.addr)) < 0;
}

static int compare(const void *a, const void *b)
{
	return before(*(const struct slot *const *)a, *(const struct slot *const *)b) ? -1 : 1;
}

/**
 * table_top - the keys with the most entries
 * @table: a table
 * @top: where they go, the one with the most entries first; has room for 2 * @n
 * @n: so many at most
 *
 * Returns how many there are.
 */
unsigned int table_top(const struct table *table, const struct slot **top, unsigned int n)
{
	bool sorted = false;	/* of more than @n, the first @n are the top */
	unsigned int found = 0;
	size_t s;

	for (s = 0; n && s < table->size; s++) {
		const struct slot *slot = &table->slots[s];

		/* No entries: it is free, or was to be split */
		if (!slot->entries || (sorted && !before(slot, top[n - 1])))
			continue;
		top[found++] = slot;
		if (found == 2 * n) {
			qsort(top, found, sizeof(*top), compare);
			found = n;
			sorted = true;
		}
	}
	qsort(top, found, sizeof(*top), compare);
	return found < n ? found : n;
}

/**
 * table_free - free what table_read() has allocated
 * @table: a table; may be all 0
 */
void table_free(struct table *table)
{
	free(table->slots);
	memset(table, 0, sizeof(*table));
}
