// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in a packet, of which there may be only the beginning, and which may be anything:
 * plain values, no kernel
 */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include "../lib/options.h"
#include "../lib/output.h"
#include "packet.h"

#define IPV6_HEADERS	16	/* more are not followed */

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

/* Where the transport header begins; 0: there is none to be read */
static size_t parse_ipv4(const uint8_t *data, size_t len, struct ends *ends, uint32_t *total,
			 bool *fragment)
{
	size_t header;

	if (len < sizeof(struct iphdr) || data[0] >> 4 != 4)
		return 0;
	header = (data[0] & 15) * 4;
	ends->family = AF_INET;
	ends->protocol = data[9];
	memcpy(ends->src, data + 12, 4);
	memcpy(ends->dst, data + 16, 4);
	*total = get16(data + 2);
	*fragment = get16(data + 6) & IP_OFFMASK;
	return *fragment || header < sizeof(struct iphdr) || header > len ? 0 : header;
}

static size_t parse_ipv6(const uint8_t *data, size_t len, struct ends *ends, uint32_t *total,
			 bool *fragment)
{
	size_t at = sizeof(struct ip6_hdr), size;
	unsigned int i;

	if (len < at || data[0] >> 4 != 6)
		return 0;
	ends->family = AF_INET6;
	ends->protocol = data[6];
	memcpy(ends->src, data + 8, 16);
	memcpy(ends->dst, data + 24, 16);
	*total = get16(data + 4) + at;
	*fragment = false;
	for (i = 0; i < IPV6_HEADERS; i++) {
		switch (ends->protocol) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_MH:
		case IPPROTO_FRAGMENT:
		case IPPROTO_AH:
			break;
		default:
			return ends->protocol == IPPROTO_NONE || at > len ? 0 : at;
		}
		if (at + 8 > len)
			return 0;
		size = ends->protocol == IPPROTO_FRAGMENT ? 8 :
		       ends->protocol == IPPROTO_AH ? (data[at + 1] + 2) * 4 :
						      (data[at + 1] + 1) * 8;
		if (ends->protocol == IPPROTO_FRAGMENT && get16(data + at + 2) & 0xfff8)
			*fragment = true;
		ends->protocol = data[at];
		at += size;
		if (*fragment)
			return 0;
	}
	return 0;
}

static size_t parse_ip(const uint8_t *data, size_t len, uint8_t family, struct ends *ends,
		       uint32_t *total, bool *fragment)
{
	return family == AF_INET ? parse_ipv4(data, len, ends, total, fragment) :
				   parse_ipv6(data, len, ends, total, fragment);
}

static void parse_ports(const uint8_t *data, size_t len, struct ends *ends)
{
	switch (ends->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
		if (len < 4)
			return;
		ends->has_ports = true;
		ends->sport = get16(data);
		ends->dport = get16(data + 2);
	}
}

static void parse_tcp(const uint8_t *data, size_t len, struct packet *packet)
{
	if (len < sizeof(struct tcphdr))
		return;
	packet->has_tcp = true;
	packet->seq = get32(data + 4);
	packet->ack = get32(data + 8);
	packet->flags = data[13];
	packet->window = get16(data + 14);
}

static bool is_error(const struct packet *packet)
{
	if (packet->ends.family == AF_INET6)
		return packet->icmp_type < ICMP6_INFOMSG_MASK;
	switch (packet->icmp_type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return true;
	}
	return false;
}

static void parse_icmp(const uint8_t *data, size_t len, struct packet *packet)
{
	bool fragment;
	uint32_t total;
	size_t at;

	if (len < 2)
		return;
	packet->has_icmp = true;
	packet->icmp_type = data[0];
	packet->icmp_code = data[1];
	if (len < 8 || !is_error(packet))
		return;
	data += 8;
	len -= 8;
	at = parse_ip(data, len, packet->ends.family, &packet->quoted, &total, &fragment);
	if (at)
		parse_ports(data + at, len - at, &packet->quoted);
	packet->has_quoted = packet->quoted.family;
}

/**
 * packet_parse - read a packet
 * @data: from its IP header on
 * @len: how much of it there is
 * @family: AF_INET or AF_INET6, as the hook was
 * @packet: what is in it
 *
 * Returns false if there is not even a whole IP header.
 */
bool packet_parse(const uint8_t *data, size_t len, uint8_t family, struct packet *packet)
{
	struct ends *ends = &packet->ends;
	size_t at;

	memset(packet, 0, sizeof(*packet));
	at = parse_ip(data, len, family, ends, &packet->len, &packet->fragment);
	if (!at)
		return ends->family;
	data += at;
	len -= at;
	parse_ports(data, len, ends);
	if (ends->protocol == IPPROTO_TCP)
		parse_tcp(data, len, packet);
	else if (ends->protocol == (ends->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		parse_icmp(data, len, packet);
	return true;
}

static void end_text(const struct ends *ends, const uint8_t *addr, uint16_t port, char *text,
		     size_t size)
{
	char a[ADDR_LEN];

	addr_text(ends->family, addr, a);
	if (!ends->has_ports)
		snprintf(text, size, "%s", a);
	else
		snprintf(text, size, ends->family == AF_INET6 ? "[%s]:%u" : "%s:%u", a, port);
}

/**
 * ends_text - "10.0.0.1:1024 > 10.0.0.2:80"
 */
char *ends_text(const struct ends *ends, char *text, size_t size)
{
	char src[64], dst[64];

	end_text(ends, ends->src, ends->sport, src, sizeof(src));
	end_text(ends, ends->dst, ends->dport, dst, sizeof(dst));
	snprintf(text, size, "%s > %s", src, dst);
	return text;
}

/**
 * flags_text - TCP's flags, a letter each, as in "SA"; "-": none
 */
char *flags_text(uint8_t flags, char text[9])
{
	static const char letters[] = "FSRPAUEC";
	unsigned int i;
	char *at = text;

	for (i = 0; i < 8; i++)
		if (flags & 1 << i)
			*at++ = letters[i];
	if (at == text)
		*at++ = '-';
	*at = 0;
	return text;
}

/**
 * packet_text - a packet in a line
 * @packet: the packet
 * @text: the line
 * @size: of @text: PACKET_LEN is enough
 *
 * Returns @text.
 */
char *packet_text(const struct packet *packet, char *text, size_t size)
{
	char ends[160], name[16], flags[9];
	size_t len;

	len = snprintf(text, size, "%s %s",
		       protocol_name(packet->ends.protocol, name, sizeof(name)),
		       ends_text(&packet->ends, ends, sizeof(ends)));
	if (packet->has_tcp && len < size)
		len += snprintf(text + len, size - len, " %s seq=%u ack=%u win=%u",
				flags_text(packet->flags, flags), packet->seq, packet->ack,
				packet->window);
	if (packet->has_icmp && len < size)
		len += snprintf(text + len, size - len, " type=%u code=%u", packet->icmp_type,
				packet->icmp_code);
	if (packet->fragment && len < size)
		len += snprintf(text + len, size - len, " fragment");
	if (len < size)
		len += snprintf(text + len, size - len, " len=%u", packet->len);
	if (packet->has_quoted && len < size)
		snprintf(text + len, size - len, " about %s %s",
			 protocol_name(packet->quoted.protocol, name, sizeof(name)),
			 ends_text(&packet->quoted, ends, sizeof(ends)));
	return text;
}

/**
 * network_parse - read "ADDRESS" or "ADDRESS/BITS"
 *
 * Returns whether it is one.
 */
bool network_parse(const char *text, struct network *network)
{
	const char *slash = strchr(text, '/');
	char addr[ADDR_LEN];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	if (len >= sizeof(addr))
		return false;
	memcpy(addr, text, len);
	addr[len] = 0;
	memset(network, 0, sizeof(*network));
	network->family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	network->bits = network->family == AF_INET6 ? 128 : 32;
	return inet_pton(network->family, addr, network->addr) == 1 &&
	       (!slash || parse_number(slash + 1, 0, network->bits, &network->bits));
}

static bool is_in(const struct network *network, const uint8_t *addr)
{
	unsigned int bytes = network->bits / 8, rest = network->bits % 8;

	return !memcmp(network->addr, addr, bytes) &&
	       (!rest || !((network->addr[bytes] ^ addr[bytes]) >> (8 - rest)));
}

static bool ends_have_address(const struct ends *ends, const struct network *network)
{
	return ends->family == network->family &&
	       (is_in(network, ends->src) || is_in(network, ends->dst));
}

/**
 * packet_has_address - is it from, to or an error about an address?
 */
bool packet_has_address(const struct packet *packet, const struct network *network)
{
	return ends_have_address(&packet->ends, network) ||
	       (packet->has_quoted && ends_have_address(&packet->quoted, network));
}

static bool ends_have_port(const struct ends *ends, uint16_t port)
{
	return ends->has_ports && (ends->sport == port || ends->dport == port);
}

/**
 * packet_has_port - is it from, to or an error about a port?
 */
bool packet_has_port(const struct packet *packet, uint16_t port)
{
	return ends_have_port(&packet->ends, port) ||
	       (packet->has_quoted && ends_have_port(&packet->quoted, port));
}
