// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both sides of a router, at random. Packets of each protocol go to tun devices of this
 * namespace, well-formed ones and broken ones, and what the router forwards is answered as the
 * other end would: so dialogues of FTP and RTSP evolve, whatever NAT does to them.
 *
 *    10.0.1.16 and so on: client ----- router ----- server: 10.0.2.16 and so on
 *    10.0.3.16 and so on: zone   --------'
 *
 * packets SECONDS SEED [fail]. Prints NAME SENT REFUSED.
 */
#include "attack.h"
#include <sys/ioctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/icmp6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define PACKET		65536
#define POOL		64
#define QUOTED		512

enum side { CLIENT, SERVER, ZONE, N_SIDES };

static const char *const devices[] = { "client", "server", "zone" };
static int fds[N_SIDES];

/* Room in front: for a virtio header, and what is put in between */
struct packet {
	struct virtio_net_hdr vnet;
	__u8 bytes[PACKET];
	unsigned int len;
	unsigned int l4;	/* where its header is */
	__u8 family;
	__u8 protocol;
};

/* What came by last */
static struct seen {
	enum side side;		/* to whom */
	unsigned int len;
	__u8 bytes[QUOTED];
} pool[POOL];
static unsigned int n_seen;

static unsigned int sent, failed, received, answered, broken, fragments, gso, connections;

/* --- Writing --- */

static __u32 sum(const __u8 *bytes, unsigned int len, __u32 sum)
{
	for (; len > 1; len -= 2, bytes += 2)
		sum += bytes[0] << 8 | bytes[1];
	return len ? sum + (bytes[0] << 8) : sum;
}

static __u16 fold(__u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(__u8 *at, __u16 value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put32(__u8 *at, __u32 value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static __u16 get16(const __u8 *at)
{
	return at[0] << 8 | at[1];
}

static __u32 get32(const __u8 *at)
{
	return (__u32)get16(at) << 16 | get16(at + 2);
}

/* Where a protocol has its checksum, or -1 */
static int checksum_at(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		return 6;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_IGMP:
		return 2;
	}
	return -1;
}

/* CRC32c, as SCTP has it */
static __u32 crc32c(const __u8 *bytes, unsigned int len)
{
	__u32 crc = ~0U;
	unsigned int i;

	while (len--) {
		crc ^= *bytes++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static __u32 pseudo_sum(const struct packet *p)
{
	unsigned int len = p->len - p->l4;

	if (p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_IGMP)
		return 0;
	if (p->family == AF_INET)
		return sum(p->bytes + 12, 8, p->protocol + len);
	return sum(p->bytes + 8, 32, p->protocol + len);
}

static void fix_ip_checksum(struct packet *p)
{
	unsigned int len = (p->bytes[0] & 15) * 4;

	if (p->family != AF_INET || len > p->len)
		return;
	put16(p->bytes + 10, 0);
	put16(p->bytes + 10, ~fold(sum(p->bytes, len, 0)));
}

static void fix_checksum(struct packet *p)
{
	int at = checksum_at(p->protocol);
	__u32 crc;

	if (p->protocol == IPPROTO_SCTP && p->l4 + 12 <= p->len) {
		put32(p->bytes + p->l4 + 8, 0);
		crc = crc32c(p->bytes + p->l4, p->len - p->l4);
		/* the only number of a header that is little-endian */
		put32(p->bytes + p->l4 + 8, __builtin_bswap32(crc));
	}
	if (at < 0 || p->l4 + at + 2 > p->len)
		return;
	put16(p->bytes + p->l4 + at, 0);
	put16(p->bytes + p->l4 + at,
	      ~fold(sum(p->bytes + p->l4, p->len - p->l4, pseudo_sum(p))));
}

static void fix_length(struct packet *p)
{
	if (p->family == AF_INET)
		put16(p->bytes + 2, p->len);
	else
		put16(p->bytes + 4, p->len - 40);
}

static void address(__u8 *to, __u8 family, enum side side, __u8 host)
{
	const __u8 net = side == CLIENT ? 1 : side == SERVER ? 2 : 3;
	const __u8 v4[] = { 10, 0, net, host };
	const __u8 v6[16] = { 0xfd, 0, 0, net, [15] = host };

	memcpy(to, family == AF_INET ? v4 : v6, family == AF_INET ? 4 : 16);
}

static __u8 *put(struct packet *p, const void *data, unsigned int len)
{
	__u8 *at = p->bytes + p->len;

	if (data)
		memcpy(at, data, len);
	else
		memset(at, 0, len);
	p->len += len;
	return at;
}

/* --- IP --- */

static void ipv4_options(struct packet *p)
{
	static const __u8 record[] = { 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const __u8 alert[] = { 148, 4, 0, 0 };
	static const __u8 stamps[] = { 68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const __u8 source[] = { 131, 7, 4, 10, 0, 2, 1, 0 };

	switch (attack_below(6)) {
	case 0:
		put(p, record, sizeof(record));
		break;
	case 1:
		put(p, alert, sizeof(alert));
		break;
	case 2:
		put(p, stamps, sizeof(stamps));
		break;
	case 3:
		put(p, source, sizeof(source));
		break;
	case 4:
		attack_bytes(put(p, NULL, 12), 12);
		break;
	default:
		memset(put(p, NULL, 40), 1, 40);
	}
	p->bytes[0] = 0x40 | p->len / 4;
}

static void ipv6_headers(struct packet *p)
{
	static const __u8 kinds[] = { 0, 60, 43, 44, 51, 135, 60 };
	unsigned int n = 1 + attack_below(3), i, len;
	__u8 *next = p->bytes + 6, *header;
	__u8 kind;

	for (i = 0; i < n; i++) {
		kind = kinds[attack_below(N_ITEMS(kinds))];
		if (!kind && i)
			kind = 60;
		len = kind == 44 ? 8 : kind == 51 ? 24 : 8 << attack_below(3);
		header = put(p, NULL, len);
		*next = kind;
		next = header;
		header[1] = kind == 44 ? 0 : kind == 51 ? len / 4 - 2 : len / 8 - 1;
		if (kind == 0 || kind == 60) {
			header[2] = 1;
			header[3] = len - 4;
		} else if (kind == 43) {
			header[2] = attack_one_in(2) ? 2 : attack_below(5);
			header[3] = 0;
		}
	}
	*next = attack_one_in(20) ? 59 : p->protocol;
}

/* Begins a packet from @side to @to. */
static void ip(struct packet *p, __u8 family, __u8 protocol, enum side side, enum side to)
{
	memset(&p->vnet, 0, sizeof(p->vnet));
	p->len = 0;
	p->family = family;
	p->protocol = protocol;
	if (family == AF_INET) {
		put(p, NULL, 20);
		p->bytes[0] = 0x45;
		p->bytes[8] = 64;
		p->bytes[9] = protocol;
		put16(p->bytes + 4, attack_random());
		address(p->bytes + 12, family, side, 16 + attack_below(2));
		address(p->bytes + 16, family, to, 16 + attack_below(2));
		if (attack_one_in(30))
			ipv4_options(p);
	} else {
		put(p, NULL, 40);
		p->bytes[0] = 0x60;
		p->bytes[6] = protocol;
		p->bytes[7] = 64;
		address(p->bytes + 8, family, side, 16 + attack_below(2));
		address(p->bytes + 24, family, to, 16 + attack_below(2));
		if (attack_one_in(20))
			ipv6_headers(p);
	}
	p->l4 = p->len;
}

/* --- Dialogues --- */

static const char *const client_lines[] = {
	"USER a\r\n", "PASS b\r\n", "PASV\r\n", "EPSV\r\n", "EPSV 2\r\n", "EPSV ALL\r\n",
	"PORT 10,0,1,16,156,64\r\n", "PORT 10,0,1,17,156,65\r\n",
	"EPRT |1|10.0.1.16|40002|\r\n", "EPRT |2|fd00:1::10|40003|\r\n",
	"EPRT |2|fd00:1::11|40000|\r\n", "QUIT\r\n", "AUTH TLS\r\n", "NOOP\r\n", "RETR f\r\n",
	"REIN\r\n", "PORT 10,0,1,", "16,156,66\r\n", "POR", "T 1,2,3,4,5,6\r\n", "\r\n", "\n",
	"\xff\xf4\xff\362ABOR\r\n", "USER a\r\nPASS b\r\nPASV\r\n", "CCC\r\n",
};

static const char *const server_lines[] = {
	"220 hi\r\n", "331 password\r\n", "230 in\r\n", "200 well\r\n", "421 bye\r\n", "550 no\r\n",
	"227 Entering Passive Mode (10,0,2,16,156,64)\r\n",
	"227 Entering Passive Mode (10,0,2,17,156,67)\r\n", "227 =10,0,2,16,156,65\r\n",
	"229 Entering Extended Passive Mode (|||40000|)\r\n", "229 (|||40001|)\r\n",
	"234 TLS\r\n", "220-hello\r\n still\r\n", "220 there\r\n", "227 Ent", "ering (10,0,2,16,",
	"156,64)\r\n", "150 comes\r\n226 done\r\n", "533 no\r\n",
};

/* What the other end may say to a line; what is not here, anything */
static const struct answer { const char *to, *say; } answers[] = {
	{ "220", "USER a\r\n" }, { "331", "PASS b\r\n" }, { "230", "EPSV\r\n" },
	{ "230", "PASV\r\n" }, { "230", "PORT 10,0,1,16,156,64\r\n" },
	{ "230", "EPRT |2|fd00:1::10|40003|\r\n" }, { "230", "EPRT |1|10.0.1.17|40003|\r\n" },
	{ "227", "RETR f\r\n" }, { "229", "RETR f\r\n" }, { "200", "PASV\r\n" },
	{ "200", "PORT 10,0,1,16,156,66\r\n" }, { "200", "EPSV\r\n" },
	{ "226", "PORT 10,0,1,17,156,65\r\n" }, { "226", "PASV\r\n" }, { "226", "EPSV\r\n" },
	{ "USER", "331 password\r\n" }, { "PASS", "230 in\r\n" },
	{ "PASV", "227 Entering Passive Mode (10,0,2,16,156,64)\r\n" },
	{ "PASV", "227 Entering Passive Mode (10,0,2,17,156,65)\r\n" },
	{ "EPSV", "229 Entering Extended Passive Mode (|||40000|)\r\n" },
	{ "PORT", "200 well\r\n" }, { "EPRT", "200 well\r\n" },
	{ "RETR", "150 comes\r\n226 done\r\n" },
	{ "NOOP", "200 well\r\n" }, { "QUIT", "421 bye\r\n" },
};

/* Numbers are by what is asked, so that an answer is one to the last such request. */
#define RTSP_ASK(what, n)	what " rtsp://h/m RTSP/1.0\r\nCSeq: " #n "\r\n"
#define RTSP_SAY(n)		"RTSP/1.0 200 OK\r\nCSeq: " #n "\r\nSession: a;timeout=9\r\n"
#define RTSP_PORTS		"Transport: RTP/AVP;unicast;client_port=40000-40001"
#define RTSP_ADDR		"Transport: RTP/AVP;dest_addr=\":40002\"/\":40003\""

static const char *const rtsp_client_lines[] = {
	RTSP_ASK("OPTIONS", 1) "\r\n", RTSP_ASK("SETUP", 2) RTSP_PORTS "\r\n\r\n",
	RTSP_ASK("SETUP", 2) RTSP_PORTS ";destination=10.0.1.16\r\n\r\n",
	RTSP_ASK("SETUP", 2) RTSP_ADDR "\r\n\r\n",
	RTSP_ASK("SETUP", 2) "Transport: RTP/AVP;destination=10.0.1.", "17;client_port=40000-1\r\n",
	RTSP_ASK("SETUP", 2) "Transport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n",
	RTSP_ASK("PLAY", 3) "Session: a\r\n\r\n", RTSP_ASK("TEARDOWN", 4) "\r\n",
	RTSP_ASK("SET_PARAMETER", 5) "Content-Length: 7\r\n\r\n1234567", "$\1\1\1", "$", "\r\n",
	"GET / HTTP/1.1\r\n\r\n", RTSP_ASK("SETUP", 2) " folded\r\n" RTSP_PORTS, "CSeq: 7\r\n",
};

static const char *const rtsp_server_lines[] = {
	RTSP_SAY(1) "\r\n", RTSP_SAY(2) RTSP_PORTS ";server_port=40002-40003\r\n\r\n",
	RTSP_SAY(2) RTSP_PORTS "\r\n\r\n",
	RTSP_SAY(2) "Transport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n",
	RTSP_SAY(2) RTSP_ADDR ";src_addr=\":40000\"\r\n\r\n", RTSP_SAY(3) "\r\n",
	RTSP_SAY(4) "\r\n", "RTSP/1.0 454 no\r\nCSeq: 3\r\n\r\n",
	"RTSP/1.0 461 no\r\nCSeq: 2\r\n\r\n", RTSP_SAY(5) "Content-Length: 4\r\n\r\nabcd",
	"$\1\1\1", "RTSP/1.0 200 OK\r\nCS", "eq: 2\r\n",
	"HTTP/1.1 200 OK\r\n\r\n",
};

static const struct answer rtsp_answers[] = {
	{ "OPTIONS", RTSP_SAY(1) "\r\n" },
	{ "SETUP", RTSP_SAY(2) RTSP_PORTS ";server_port=40002-40003\r\n\r\n" },
	{ "SETUP", RTSP_SAY(2) RTSP_ADDR ";src_addr=\":40000\"\r\n\r\n" },
	{ "PLAY", RTSP_SAY(3) "\r\n" }, { "TEARDOWN", RTSP_SAY(4) "\r\n" },
	{ "RTSP/1.0 200 OK\r\nCSeq: 1", RTSP_ASK("SETUP", 2) RTSP_PORTS "\r\n\r\n" },
	{ "RTSP/1.0 200 OK\r\nCSeq: 1", RTSP_ASK("SETUP", 2) RTSP_ADDR "\r\n\r\n" },
	{ "RTSP/1.0 200 OK\r\nCSeq: 2", RTSP_ASK("PLAY", 3) "Session: a\r\n\r\n" },
	{ "RTSP/1.0 200 OK\r\nCSeq: 3", RTSP_ASK("SETUP", 2) RTSP_PORTS "\r\n\r\n" },
	{ "RTSP/1.0 200 OK\r\nCSeq: 3", RTSP_ASK("TEARDOWN", 4) "\r\n" },
	{ "RTSP/1.0 200 OK\r\nCSeq: 4", RTSP_ASK("OPTIONS", 1) "\r\n" },
};

/* What two ends say of a protocol; the server begins with its greeting, if there is one. */
static const struct talk {
	const char *greeting;
	const struct answer *answers;
	unsigned int n_answers, n_lines[2];
	const char *const *lines[2];	/* the client's, the server's */
} ftp = {
	"220 hi\r\n", answers, N_ITEMS(answers),
	{ N_ITEMS(client_lines), N_ITEMS(server_lines) }, { client_lines, server_lines },
}, rtsp = {
	NULL, rtsp_answers, N_ITEMS(rtsp_answers),
	{ N_ITEMS(rtsp_client_lines), N_ITEMS(rtsp_server_lines) },
	{ rtsp_client_lines, rtsp_server_lines },
};

static const struct talk *talk_of(__u16 sport, __u16 dport)
{
	return sport == 554 || dport == 554 ? &rtsp : &ftp;
}

static void put_text(struct packet *p, const struct talk *talk, bool server, bool tame,
		     const __u8 *to, unsigned int to_len)
{
	const char *some = NULL;
	unsigned int i, n = 0;

	for (i = 0; to && i < talk->n_answers; i++) {
		size_t len = strlen(talk->answers[i].to);

		if (to_len >= len && !memcmp(to, talk->answers[i].to, len) && attack_one_in(++n))
			some = talk->answers[i].say;
	}
	if (!to && server && talk->greeting && (tame || !attack_one_in(8)))
		some = talk->greeting;
	else if (!to && !server && tame)
		some = talk->lines[0][0];
	else if (!some || (!tame && attack_one_in(8)))
		some = talk->lines[server][attack_below(talk->n_lines[server])];
	put(p, some, strlen(some));
	switch (tame ? 100 : attack_below(60)) {
	case 0:
		i = attack_below(600);
		memset(put(p, NULL, i), 'x', i);
		break;
	case 1:
		i = 1 + attack_below(20);
		attack_bytes(put(p, NULL, i), i);
		break;
	case 2:
		/* many lines, for a segment that is cut below */
		for (i = attack_below(500); i; i--)
			put(p, some, strlen(some));
		break;
	}
}

/* --- Layer 4, from its header on; ports are in p already where there are some --- */

static const __u8 tcp_flags[] = { 2, 2, 2, 0x12, 0x10, 0x18, 0x11, 4, 0x14, 1, 0x29, 0, 0xc2 };

/*
 * The connections from every other port keep to the rules, so that they get far; what comes
 * of the others is any of their neighbours' business.
 */
static bool is_tame(__u16 sport, __u16 dport)
{
	return ((sport == 21 || sport == 554) && !(dport & 1)) ||
	       ((dport == 21 || dport == 554) && !(sport & 1));
}

static void tcp_options(struct packet *p, unsigned int header)
{
	static const __u8 options[] = {
		2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7,
	};
	static const __u8 sack[] = { 1, 1, 5, 10, 0, 0, 3, 233, 0, 0, 4, 0 };
	static const __u8 mptcp[] = { 30, 12, 0, 129, 1, 2, 3, 4, 5, 6, 7, 8 };

	switch (attack_below(5)) {
	case 0:
		put(p, options, sizeof(options));
		break;
	case 1:
		put(p, sack, sizeof(sack));
		break;
	case 2:
		put(p, mptcp, sizeof(mptcp));
		break;
	case 3:
		attack_bytes(put(p, NULL, 40), 40);
		break;
	}
	p->bytes[header + 12] = (p->len - header) / 4 << 4;
}

static void tcp(struct packet *p, __u16 sport, __u16 dport, __u8 flags, __u32 seq,
		__u32 ack)
{
	__u8 *header = put(p, NULL, 20);

	put16(header, sport);
	put16(header + 2, dport);
	put32(header + 4, seq);
	put32(header + 8, ack);
	header[12] = 0x50;
	header[13] = flags;
	put16(header + 14, 60000);
	if (is_tame(sport, dport))
		return;
	if (attack_one_in(30))
		put16(header + 14, attack_number());
	if (attack_one_in(flags & 2 ? 2 : 20))
		tcp_options(p, p->l4);
}

static void with_ports(struct packet *p, unsigned int len)
{
	__u8 *header = put(p, NULL, len);

	put16(header, 1000 + attack_below(4));
	put16(header + 2, 40000 + attack_below(4));
	if (attack_one_in(2)) {
		put16(header, 40000 + attack_below(4));
		put16(header + 2, 1000 + attack_below(4));
	}
}

static void put_random(struct packet *p, unsigned int below)
{
	unsigned int len = attack_below(below);

	attack_bytes(put(p, NULL, len), len);
}

static void sctp(struct packet *p)
{
	static const __u8 kinds[] = { 1, 2, 10, 11, 0, 3, 4, 5, 6, 7, 8, 14, 9, 192 };
	unsigned int n = 1 + attack_below(3);
	__u8 *chunk;

	with_ports(p, 12);
	put32(p->bytes + p->l4 + 4, attack_below(2));
	while (n--) {
		unsigned int len = 4 + 4 * attack_below(8);

		chunk = put(p, NULL, len);
		chunk[0] = kinds[attack_below(N_ITEMS(kinds))];
		if (attack_one_in(10))
			chunk[0] = attack_random();
		chunk[1] = attack_below(4);
		put16(chunk + 2, attack_one_in(20) ? attack_number() : len);
		if (len > 4)
			put32(chunk + 4, attack_below(2));
		/* what begins an association comes alone, and with 0 as its number */
		if (chunk[0] == 1 && !attack_one_in(8)) {
			put32(p->bytes + p->l4 + 4, 0);
			break;
		}
	}
}

static void dccp(struct packet *p)
{
	__u8 *header;

	with_ports(p, 28);
	header = p->bytes + p->l4;
	header[4] = 7;
	header[8] = attack_below(11) << 1 | !attack_one_in(4);
	put32(header + 12, attack_below(1000));
}

static void gre(struct packet *p)
{
	__u8 *header = put(p, NULL, 16);

	if (attack_one_in(2)) {
		/* PPTP's */
		header[0] = 0x30;
		header[1] = 0x81;
		put16(header + 2, 0x880b);
		put16(header + 6, attack_below(4));
	} else {
		attack_bytes(header, 4);
	}
}

static void icmp_error(struct packet *p, const struct seen *seen)
{
	static const __u8 v4[] = { 3, 3, 11, 12, 4, 5 }, v6[] = { 1, 2, 3, 4, 1, 137 };
	__u8 *header = put(p, NULL, 8);
	unsigned int len = seen->len < QUOTED ? seen->len : QUOTED;

	header[0] = p->family == AF_INET ? v4[attack_below(sizeof(v4))] :
					   v6[attack_below(sizeof(v6))];
	header[1] = attack_below(5);
	/* To the sender of what it is about, most of the time: to others, it is a mismatch. */
	if (!attack_one_in(4) && len >= 20 && seen->bytes[0] >> 4 == p->bytes[0] >> 4) {
		if (p->family == AF_INET)
			memcpy(p->bytes + 16, seen->bytes + 12, 4);
		else if (len >= 24)
			memcpy(p->bytes + 24, seen->bytes + 8, 16);
	}
	if (attack_one_in(3))
		len = attack_below(len + 1);
	put(p, seen->bytes, len);
	if (attack_one_in(6))
		attack_break(p->bytes + p->l4 + 8, len);
}

static void icmp_query(struct packet *p)
{
	static const __u8 v4[] = { 8, 8, 8, 0, 13, 14, 15, 17, 18, 9, 10, 42 };
	static const __u8 v6[] = { 128, 128, 128, 129, 130, 133, 135, 136, 139, 140, 143, 160 };
	__u8 *header = put(p, NULL, 8);

	header[0] = p->family == AF_INET ? v4[attack_below(sizeof(v4))] :
					   v6[attack_below(sizeof(v6))];
	header[1] = attack_one_in(20) ? attack_random() : 0;
	put16(header + 4, 1000 + attack_below(4));
	put_random(p, 40);
}

/* --- Leaving --- */

static void emit(enum side side, struct packet *p)
{
	ssize_t n;

	do {
		attack_arm();
		n = write(fds[side], &p->vnet, sizeof(p->vnet) + p->len);
	} while (attack_again());
	(*(n < 0 ? &failed : &sent))++;
}

/* In pieces, some of which come twice, not at all, or too early */
static void emit_fragments(enum side side, const struct packet *p)
{
	static struct packet f;
	unsigned int start = p->family == AF_INET ? (p->bytes[0] & 15) * 4u : 40;
	unsigned int room = 8 * (1 + attack_below(12)), at, len, n = 0;
	__u32 id = attack_random();
	bool backwards = attack_one_in(3);

	if (start >= p->len || (p->len - start) / room > 40)
		return;
	for (at = 0; start + at < p->len; at += room)
		n++;
	while (n--) {
		at = backwards ? n * room : at >= p->len - start ? 0 : at + room;
		if (start + at >= p->len || attack_one_in(40))
			continue;
		len = p->len - start - at < room ? p->len - start - at : room;
		f.family = p->family;
		f.len = 0;
		put(&f, p->bytes, start);
		if (p->family == AF_INET) {
			put16(f.bytes + 4, id);
			put16(f.bytes + 6, at / 8 | (start + at + len < p->len ? 0x2000 : 0));
		} else {
			__u8 *header = put(&f, NULL, 8);

			header[0] = f.bytes[6];
			f.bytes[6] = 44;
			put16(header + 2, at | (start + at + len < p->len));
			put32(header + 4, id);
		}
		put(&f, p->bytes + start + at, len);
		fix_length(&f);
		if (attack_one_in(40))
			attack_break(f.bytes, f.len);
		fix_ip_checksum(&f);
		emit(side, &f);
		fragments++;
		if (attack_one_in(30))
			emit(side, &f);
	}
}

/* For the kernel to cut: GSO */
static void large(struct packet *p)
{
	static const __u8 kinds[] = {
		VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_HDR_GSO_UDP_L4,
		VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN, VIRTIO_NET_HDR_GSO_UDP,
	};
	int at = checksum_at(p->protocol);

	if (at < 0)
		return;
	if (attack_one_in(10)) {
		attack_bytes(&p->vnet, sizeof(p->vnet));
		return;
	}
	p->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	p->vnet.csum_start = p->l4;
	p->vnet.csum_offset = at;
	if (p->l4 + at + 2 <= p->len)
		put16(p->bytes + p->l4 + at, fold(pseudo_sum(p)));
	p->vnet.gso_type = p->protocol != IPPROTO_TCP ? VIRTIO_NET_HDR_GSO_UDP_L4 :
			   p->family == AF_INET ? VIRTIO_NET_HDR_GSO_TCPV4 :
						  VIRTIO_NET_HDR_GSO_TCPV6;
	if (attack_one_in(20))
		p->vnet.gso_type = kinds[attack_below(N_ITEMS(kinds))];
	p->vnet.gso_size = attack_one_in(20) ? attack_number() : 8U << attack_below(8);
	p->vnet.hdr_len = attack_one_in(4) ? attack_number() : p->l4 + 20;
	gso++;
}

static void break_packet(struct packet *p)
{
	unsigned int at = attack_below(p->len), some;

	switch (attack_below(8)) {
	case 0:
		p->len = at + 1;
		if (attack_one_in(2))
			fix_length(p);
		break;
	case 1:
		put16(p->bytes + (p->family == AF_INET ? 2 : 4), attack_number());
		break;
	case 2:
		/* of TCP: its length; its flags */
		if (p->l4 + 14 <= p->len) {
			p->bytes[p->l4 + 12] = attack_random();
			p->bytes[p->l4 + 13] ^= 1 << attack_below(8);
		}
		break;
	case 3:
		p->bytes[0] = attack_one_in(2) ? 0x40 | attack_below(16) : attack_random();
		break;
	default:
		some = p->len < p->l4 + 60 ? p->len : p->l4 + 60;
		at = attack_one_in(4) ? 0 : p->l4;
		if (at < some)
			attack_break(p->bytes + at, some - at);
	}
	broken++;
	/* else nobody but IP would see most of them */
	if (!attack_one_in(8))
		fix_ip_checksum(p);
	if (p->l4 < p->len && attack_one_in(2))
		fix_checksum(p);
}

/* It is broken once in @odds, or with 0 never. */
static void leave(enum side side, struct packet *p, unsigned int odds)
{
	fix_length(p);
	fix_ip_checksum(p);
	if (p->protocol == IPPROTO_UDP || p->protocol == IPPROTO_UDPLITE)
		put16(p->bytes + p->l4 + 4, attack_one_in(20) ? attack_number() : p->len - p->l4);
	if (!odds || !attack_one_in(50))
		fix_checksum(p);
	if ((p->len > p->l4 + 200 && attack_one_in(2)) || attack_one_in(50))
		large(p);
	if (odds && attack_one_in(odds))
		break_packet(p);
	if (attack_one_in(15))
		emit_fragments(side, p);
	else
		emit(side, p);
}

/* --- What comes of itself, and what is an answer --- */

static void fresh(void)
{
	static const __u8 others[] = {
		IPPROTO_UDP, IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_ICMP, IPPROTO_ICMP,
		IPPROTO_SCTP, IPPROTO_DCCP, IPPROTO_GRE, IPPROTO_IGMP, IPPROTO_ESP, IPPROTO_AH,
	};
	static struct packet p;
	enum side side = attack_below(N_SIDES), to = side == SERVER ? CLIENT : SERVER;
	__u8 family = attack_one_in(3) ? AF_INET6 : AF_INET, flags;
	const struct seen *seen = &pool[attack_below(POOL)];
	__u8 protocol = IPPROTO_TCP;
	__u16 sport, dport, service;
	bool tame = false;

	if (side == SERVER && attack_one_in(3))
		to = ZONE;
	if (attack_one_in(2))
		protocol = others[attack_below(N_ITEMS(others))];
	if (attack_one_in(40))
		protocol = attack_random();
	if (protocol == IPPROTO_ICMP && family == AF_INET6)
		protocol = IPPROTO_ICMPV6;
	ip(&p, family, protocol, side, to);
	switch (protocol) {
	case IPPROTO_TCP:
		flags = attack_one_in(8) ? attack_random() :
		       tcp_flags[attack_below(N_ITEMS(tcp_flags))];
		sport = 1000 + attack_below(attack_one_in(2) ? 4 : 64);
		service = attack_one_in(3) ? 554 : 21;
		dport = attack_one_in(4) ? 40000 + attack_below(4) : service;
		if (side == SERVER && attack_one_in(2)) {
			sport = service;
			dport = 1000 + attack_below(4);
		}
		tame = is_tame(sport, dport) && !attack_one_in(100);
		if (tame) {
			if (side == SERVER)
				return;
			flags = 2;
		}
		tcp(&p, sport, dport, flags, flags == 2 ? attack_random() : attack_below(4000),
		    attack_below(4000));
		if (!tame && attack_one_in(8))
			put_text(&p, talk_of(sport, dport), side == SERVER, false, NULL, 0);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (n_seen && attack_one_in(2))
			icmp_error(&p, seen);
		else
			icmp_query(&p);
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		with_ports(&p, 8);
		put_random(&p, attack_one_in(20) ? 3000 : 60);
		break;
	case IPPROTO_SCTP:
		sctp(&p);
		break;
	case IPPROTO_DCCP:
		dccp(&p);
		break;
	case IPPROTO_GRE:
		gre(&p);
		break;
	case IPPROTO_IGMP:
		put(&p, NULL, 8);
		p.bytes[p.l4] = 0x11 + attack_below(12);
		break;
	default:
		put_random(&p, 60);
	}
	leave(side, &p, tame ? 0 : 6);
}

/* What a line has told of: the first segment of a data connection */
static void data_connection(enum side side, const struct packet *of, const __u8 *text,
			    unsigned int len)
{
	static struct packet p;
	unsigned int numbers[8] = {}, n = 0, i;
	bool in_number = false, server = !memcmp(text, "PORT", 4) || !memcmp(text, "EPRT", 4);

	if (!server && memcmp(text, "227", 3) && memcmp(text, "229", 3))
		return;
	for (i = 3; i < len && text[i] != '\r' && n < N_ITEMS(numbers); i++) {
		if (text[i] >= '0' && text[i] <= '9')
			numbers[n] = numbers[n] * 10 + text[i] - '0';
		else if (in_number)
			n++;
		in_number = text[i] >= '0' && text[i] <= '9';
	}
	if (!n)
		return;
	if (text[3] == ' ' || text[3] == 'T')
		numbers[0] = text[0] == 'E' || !memcmp(text, "229", 3) || n < 6 ? numbers[n - 1] :
			     numbers[n - 2] << 8 | numbers[n - 1];
	ip(&p, of->family, IPPROTO_TCP, CLIENT, SERVER);
	if (of->family == AF_INET)
		memcpy(p.bytes + 12, of->bytes + 12, 8);
	else
		memcpy(p.bytes + 8, of->bytes + 8, 32);
	tcp(&p, server ? 20 : 10000 + attack_below(20000), numbers[0], 2, attack_random(), 0);
	leave(side, &p, 30);
	connections++;
}

/* The first one, when a client is about to play */
static void media(enum side side, const struct packet *of, const __u8 *text)
{
	static struct packet p;
	__u8 *header;

	if (memcmp(text, "PLAY", 4))
		return;
	ip(&p, of->family, IPPROTO_UDP, CLIENT, SERVER);
	if (of->family == AF_INET)
		memcpy(p.bytes + 12, of->bytes + 12, 8);
	else
		memcpy(p.bytes + 8, of->bytes + 8, 32);
	header = put(&p, NULL, 8);
	put16(header, 40002);
	put16(header + 2, 40000);
	put_random(&p, 60);
	leave(side, &p, 30);
	connections++;
}

static void answer(const struct seen *seen)
{
	static struct packet p;
	const struct talk *talk;
	bool v6 = seen->bytes[0] >> 4 == 6;
	unsigned int l4 = v6 ? 40 : (seen->bytes[0] & 15) * 4u, data;
	__u8 protocol = seen->bytes[v6 ? 6 : 9], flags, had;
	const __u8 *header = seen->bytes + l4;
	unsigned int size = v6 ? 16 : 4, at = v6 ? 8 : 12, len;
	__u32 seq;
	bool tame = false;

	if (seen->len < l4 + 20 || l4 + 20 > QUOTED ||
	    (!v6 && get16(seen->bytes + 6) & 0x3fff))
		return;
	ip(&p, v6 ? AF_INET6 : AF_INET, protocol, SERVER, CLIENT);
	memcpy(p.bytes + at, seen->bytes + at + size, size);
	memcpy(p.bytes + at + size, seen->bytes + at, size);
	answered++;
	switch (protocol) {
	case IPPROTO_TCP:
		data = (header[12] >> 4) * 4u;
		if (l4 + data > seen->len)
			return;
		tame = is_tame(get16(header), get16(header + 2));
		if (!tame && attack_one_in(10))
			return;
		len = seen->len - l4 - data;
		had = header[13];
		if (had & 4)
			return;
		flags = had == 2 ? 0x12 : 0x10;
		if (attack_one_in(40))
			flags |= 1;
		if (attack_one_in(30))
			flags = 0x14;
		seq = had & 0x10 ? get32(header + 8) : attack_random();
		/* one that the other end would not believe */
		if (attack_one_in(25)) {
			flags = 0x14;
			seq += attack_below(50000);
		}
		tcp(&p, get16(header + 2), get16(header), flags, seq,
		    get32(header + 4) + len + !!(had & 2) + (had & 1));
		/* One end begins, when it has been answered; then they take turns. */
		talk = talk_of(get16(header), get16(header + 2));
		if (flags == 0x10 && (len || (seen->side == (talk->greeting ? SERVER : CLIENT) &&
					      !(had & 2)) || (!tame && attack_one_in(30))))
			put_text(&p, talk, seen->side == SERVER, tame,
				 len && l4 + data < QUOTED ? header + data : NULL,
				 seen->len < QUOTED ? len : QUOTED - l4 - data);
		if (len >= 8 && l4 + data + len < QUOTED && talk == &rtsp)
			media(seen->side, &p, header + data);
		else if (len >= 8 && l4 + data + len < QUOTED)
			data_connection(seen->side, &p, header + data, len);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		put(&p, header, seen->len - l4 < 100 && seen->len < QUOTED ? seen->len - l4 : 20);
		if (p.bytes[p.l4] == 8)
			p.bytes[p.l4] = 0;
		else if (p.bytes[p.l4] == 128)
			p.bytes[p.l4] = 129;
		break;
	default:
		put(&p, header, seen->len - l4 < 100 && seen->len < QUOTED ? seen->len - l4 : 20);
		memcpy(p.bytes + p.l4, header + 2, 2);
		memcpy(p.bytes + p.l4 + 2, header, 2);
		if (protocol == IPPROTO_SCTP)
			p.bytes[p.l4 + 12] += attack_one_in(2);
		if (protocol == IPPROTO_DCCP && p.bytes[p.l4 + 8] >> 1 < 2)
			p.bytes[p.l4 + 8] += 2;
	}
	leave(seen->side, &p, tame ? 0 : 30);
	if (attack_one_in(30))
		leave(seen->side, &p, 8);
}

static void collect(void)
{
	static __u8 buffer[sizeof(struct virtio_net_hdr) + PACKET];
	unsigned int side, turns;
	struct seen *seen;
	ssize_t len;

	for (side = 0; side < N_SIDES; side++) {
		for (turns = 0; turns < 16; turns++) {
			len = read(fds[side], buffer, sizeof(buffer));
			len -= sizeof(struct virtio_net_hdr);
			if (len < 20)
				break;
			received++;
			seen = &pool[n_seen++ % POOL];
			seen->side = side;
			seen->len = len;
			memcpy(seen->bytes, buffer + sizeof(struct virtio_net_hdr),
			       len < QUOTED ? len : QUOTED);
			answer(seen);
		}
	}
}

static int device(const char *name, bool whole)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	unsigned int offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		attack_die(name);
	if (whole && ioctl(fd, TUNSETOFFLOAD, offload))
		attack_die(name);
	return fd;
}

int main(int argc, char **argv)
{
	unsigned int i;

	attack_begin(argc, argv, 150);
	for (i = 0; i < N_SIDES; i++)
		fds[i] = device(devices[i], attack_one_in(2));
	if (argc > 3)
		attack_fail(10);
	while (attack_goes_on()) {
		for (i = 0; i < 4; i++)
			fresh();
		for (i = 0; i < 4; i++)
			collect();
	}
	printf("sent %u %u\nbroken_packets %u 0\nfragments %u 0\ngso %u 0\n", sent, failed, broken,
	       fragments, gso);
	printf("received %u 0\nanswered %u 0\n", received, answered);
	printf("connections %u 0\nfailed %u 0\n", connections, attack_failed);
	return 0;
}
