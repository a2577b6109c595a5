// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an entry of the connection tracking table is counted by
 */
#include <string.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include "key.h"

/**
 * key_bits - how many bits of an address count
 * @key: an address or a network
 */
unsigned int key_bits(const struct key *key)
{
	return key->bits ? key->bits : key->family == AF_INET6 ? 128 : 32;
}

/**
 * key_mask - make an address a network
 * @key: the address, or a smaller network
 * @bits: of the network. No key can say that 0 bits count.
 */
void key_mask(struct key *key, unsigned int bits)
{
	unsigned int word, left;

	for (word = 0; word < 4; word++) {
		left = bits > word * 32 ? bits - word * 32 : 0;
		if (left < 32)
			key->addr[word] &= left ? htonl(~0U << (32 - left)) : 0;
	}
	key->bits = bits;
}

/**
 * key_within - is all of a network in another one, of whatever zone?
 * @key: an address or a network
 * @net: the other one
 */
bool key_within(const struct key *key, const struct key *net)
{
	unsigned int bits = key_bits(net);
	struct key masked = *key;

	if (key->family != net->family || key_bits(key) < bits)
		return false;
	key_mask(&masked, bits);
	return !memcmp(masked.addr, net->addr, sizeof(masked.addr));
}

/**
 * key_text - an address or a network
 * @key: either
 * @text: has room for KEY_LEN characters
 *
 * Returns @text.
 */
const char *key_text(const struct key *key, char *text)
{
	size_t len;

	addr_text(key->family, key->addr, text);
	len = strlen(text);
	if (key->bits)
		snprintf(text + len, KEY_LEN - len, "/%u", key->bits);
	return text;
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

/*
 * What a protocol says of an entry. @liberal: of TCP, numbers of either direction are not
 * checked.
 */
struct protocol {
	uint8_t number;
	uint8_t state;
	bool has_state;
	bool liberal;
};

/* A number in network byte order; 0 if it is none */
static inline uint16_t get_be16(const struct nlattr *attr)
{
	uint16_t value = 0;

	attr_get(attr, &value, sizeof(value));
	return ntohs(value);
}

static inline void parse_port(const struct nlattr *proto, struct key *key)
{
	const struct nlattr *port = find(proto, CTA_PROTO_DST_PORT);

	if (port) {
		key->present = true;
		key->number = get_be16(port);
	}
}

/* What a key takes from a tuple. Returns false if that is not there */
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
				key->zone = get_be16(attr);
			break;
		}
	}
	return found;
}

static void parse_tcp(const struct nlattr *info, struct protocol *protocol)
{
	struct nf_ct_tcp_flags flags;
	const struct nlattr *attr;

	for (attr = attr_first(info); attr; attr = attr_next(attr, attr_end(info))) {
		switch (attr_type(attr)) {
		case CTA_PROTOINFO_TCP_STATE:
			attr_get(attr, &protocol->state, sizeof(protocol->state));
			break;
		case CTA_PROTOINFO_TCP_FLAGS_ORIGINAL:
		case CTA_PROTOINFO_TCP_FLAGS_REPLY:
			if (attr_get(attr, &flags, sizeof(flags)))
				protocol->liberal |= flags.flags & IP_CT_TCP_FLAG_BE_LIBERAL;
			break;
		}
	}
}

static void parse_state(const struct nlattr *info, struct protocol *protocol)
{
	const struct nlattr *attr;

	protocol->has_state = true;
	for (attr = attr_first(info); attr; attr = attr_next(attr, attr_end(info))) {
		switch (attr_type(attr)) {
		case CTA_PROTOINFO_TCP:
			parse_tcp(attr, protocol);
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
 *
 * Nor does anything of an entry that is liberal itself. The tracker makes one of an ACK
 * without a connection (nf_conntrack_tcp_loose), and a few forged segments more make that
 * ASSURED. One in a flowtable is liberal, too, and ctnetlink says nothing of its state.
 */
static bool shook_hands(const struct protocol *protocol, uint32_t status, bool liberal)
{
	if (!has_handshake(protocol->number))
		return true;
	if (protocol->number != IPPROTO_TCP)
		return status & IPS_ASSURED;
	if (liberal || protocol->liberal || !protocol->has_state)
		return false;
	return status & IPS_ASSURED ||
	       (protocol->state >= TCP_CONNTRACK_ESTABLISHED &&
		protocol->state <= TCP_CONNTRACK_TIME_WAIT);
}

/**
 * key_parse - what an entry is counted by
 * @nlh: the entry, a message of ctnetlink
 * @how: how entries are counted
 * @key: what it is counted by
 * @id: the entry's own; 0: it has none, or it was not read
 *
 * As few attributes as need be are looked at; ctnetlink has them in this order:
 * tuples, zone, status, id, and then, of some, the protocol's. Returns whether it is
 * counted: false also if it is no entry, or not as expected.
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
				key->zone = get_be16(attr);
			break;
		case CTA_STATUS:
			attr_get(attr, &status, sizeof(status));
			status = ntohl(status);
			state |= how->replied && protocol.number == IPPROTO_TCP;
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
		key->present = protocol.has_state;
		key->number = protocol.has_state ? protocol.state :
			      status & (IPS_SEEN_REPLY | IPS_ASSURED);
	}
	if (how->prefix6 && key->family == AF_INET6)
		key_mask(key, how->prefix6);
	return found && (!how->replied ||
			 (status & IPS_SEEN_REPLY &&
			  shook_hands(&protocol, status, how->liberal)));
}
