/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTWHY_PACKET_H
#define CTWHY_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct ends - between whom a packet is
 * @family: AF_INET or AF_INET6
 * @protocol: IPPROTO_*
 * @has_ports: it has ports, and they are known
 * @sport: source port
 * @dport: destination port
 * @src: source address, in network order
 * @dst: destination address
 */
struct ends {
	uint8_t family, protocol;
	bool has_ports;
	uint16_t sport, dport;
	uint8_t src[16], dst[16];
};

/**
 * struct packet - what is shown of a packet; zero where it has nothing of the kind
 * @ends: between whom
 * @len: how long it is, as its IP header says
 * @has_tcp: the next four are there
 * @flags: TCP's 8 bits
 * @window: TCP's, as it is in the header
 * @seq: TCP's
 * @ack: TCP's
 * @has_icmp: the next three are there
 * @icmp_type: ICMP's or ICMPv6's
 * @icmp_code: so
 * @has_quoted: an error, and what it quotes could be read
 * @quoted: the packet that the error is about
 * @fragment: no first one: no header follows
 */
struct packet {
	struct ends ends;
	uint32_t len;
	bool has_tcp;
	uint8_t flags;
	uint16_t window;
	uint32_t seq, ack;
	bool has_icmp;
	uint8_t icmp_type, icmp_code;
	bool has_quoted;
	struct ends quoted;
	bool fragment;
};

/* Room for a packet as text */
#define PACKET_LEN	320

/**
 * struct network - addresses with the same first bits
 * @family: AF_INET or AF_INET6
 * @addr: the first bits
 * @bits: how many
 */
struct network {
	uint8_t family;
	uint8_t addr[16];
	unsigned int bits;
};

bool packet_parse(const uint8_t *data, size_t len, uint8_t family, struct packet *packet);
char *packet_text(const struct packet *packet, char *text, size_t size);
char *ends_text(const struct ends *ends, char *text, size_t size);
char *flags_text(uint8_t flags, char text[9]);
bool network_parse(const char *text, struct network *network);
bool packet_has_address(const struct packet *packet, const struct network *network);
bool packet_has_port(const struct packet *packet, uint16_t port);

#endif /* CTWHY_PACKET_H */
