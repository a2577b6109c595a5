// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ctwhy makes of packets (tools/ctwhy/packet.c), whole ones and each beginning of them,
 * and of networks; and that its reasons (made from doc/states.md) are all there.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "../../tools/ctwhy/packet.h"
#include "../../tools/ctwhy/reasons.h"
#include "../../tools/lib/program.h"
#include "tap.h"

/* A SYN/ACK */
static const uint8_t tcp4[] = {
	0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 2, 9, 10, 0, 1, 9,
	0, 80, 0x4e, 0x20, 0, 0, 0x13, 0x88, 0, 0, 3, 0xe9, 0x50, 0x12, 0x20, 0, 0, 0, 0, 0,
};

/* Port unreachable about UDP from 10.0.1.9:20000 to 10.0.2.9:9, with IP options in both */
static const uint8_t error4[] = {
	0x46, 0, 0, 64, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 2, 1, 10, 0, 1, 9, 1, 1, 1, 1,
	3, 3, 0, 0, 0, 0, 0, 0,
	0x46, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 10, 0, 1, 9, 10, 0, 2, 9, 1, 1, 1, 1,
	0x4e, 0x20, 0, 9, 0, 12, 0, 0,
};

/* A RST behind hop-by-hop and destination options */
static const uint8_t tcp6[] = {
	0x60, 0, 0, 0, 0, 36, 0, 64,
	0xfd, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
	0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
	60, 0, 1, 4, 0, 0, 0, 0,
	6, 0, 1, 4, 0, 0, 0, 0,
	0, 80, 0x4e, 0x20, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0x50, 0xc4, 0, 0, 0, 0, 0, 0,
};

/* Packet too big about SCTP */
static const uint8_t error6[] = {
	0x60, 0, 0, 0, 0, 60, 58, 64,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
	2, 0, 0, 0, 0, 0, 5, 0,
	0x60, 0, 0, 0, 0, 12, 132, 64,
	0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
	0xfd, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
	0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
};

/* The second part of something that says TCP */
static const uint8_t part4[] = {
	0x45, 0, 0, 28, 0, 1, 0, 1, 64, 6, 0, 0, 10, 0, 2, 9, 10, 0, 1, 9,
	0, 80, 0x4e, 0x20, 0, 0, 0x13, 0x88,
};

static const uint8_t part6[] = {
	0x60, 0, 0, 0, 0, 16, 44, 64,
	0xfd, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
	0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
	6, 0, 0, 8, 0, 0, 0, 1,
	0, 80, 0x4e, 0x20, 0, 0, 0x13, 0x88,
};

static const struct sample {
	const char *name;
	const uint8_t *data;
	size_t len;
	uint8_t family;
	const char *text;
} samples[] = {
	{ "TCP", tcp4, sizeof(tcp4), AF_INET,
	  "tcp 10.0.2.9:80 > 10.0.1.9:20000 SA seq=5000 ack=1001 win=8192 len=40" },
	{ "an ICMP error, IP options", error4, sizeof(error4), AF_INET,
	  "icmp 10.0.2.1 > 10.0.1.9 type=3 code=3 len=64 about udp 10.0.1.9:20000 > 10.0.2.9:9" },
	{ "TCP, IPv6, behind options", tcp6, sizeof(tcp6), AF_INET6,
	  "tcp [fd00:2::9]:80 > [fd00:1::9]:20000 REC seq=4294967295 ack=0 win=0 len=76" },
	{ "an ICMPv6 error", error6, sizeof(error6), AF_INET6,
	  "icmpv6 fd00::1 > fd00::9 type=2 code=0 len=100 about sctp [fd00::9]:1 > [fd00:2::9]:2" },
	{ "a part", part4, sizeof(part4), AF_INET, "tcp 10.0.2.9 > 10.0.1.9 fragment len=28" },
	{ "a part, IPv6", part6, sizeof(part6), AF_INET6,
	  "tcp fd00:2::9 > fd00:1::9 fragment len=56" },
};

/* In memory of exactly this size, so that the sanitizer sees who reads beyond it */
static bool parse(const struct sample *sample, size_t len, struct packet *packet)
{
	uint8_t *data = malloc(len + !len);
	bool good;

	if (!data)
		no_memory();
	memcpy(data, sample->data, len);
	good = packet_parse(data, len, sample->family, packet);
	free(data);
	return good;
}

static void test_packets(void)
{
	char text[PACKET_LEN];
	struct packet packet;
	unsigned int i, bad;
	size_t len;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *sample = &samples[i];
		size_t header = sample->family == AF_INET ? 20 : 40;

		parse(sample, sample->len, &packet);
		packet_text(&packet, text, sizeof(text));
		ok(!strcmp(text, sample->text), "%s: %s", sample->name, text);
		bad = 0;
		for (len = 0; len < sample->len; len++)
			bad += parse(sample, len, &packet) != (len >= header);
		ok(!bad, "%s: each beginning", sample->name);
	}
	ok(!packet_parse(tcp4, sizeof(tcp4), AF_INET6, &packet), "IPv4 in an IPv6 hook");
}

/* All that headers can say, at random: nothing is read beyond the end */
static void test_random(void)
{
	char text[PACKET_LEN];
	struct packet packet;
	unsigned int i, j, longest = 0;
	uint8_t data[160];

	srandom(1);
	for (i = 0; i < 200000; i++) {
		const struct sample *base = &samples[i % ARRAY_SIZE(samples)];
		struct sample sample = *base;

		memset(data, random(), sizeof(data));
		memcpy(data, base->data, base->len);
		for (j = random() % 6; j; j--)
			data[random() % sizeof(data)] = random();
		sample.data = data;
		parse(&sample, random() % sizeof(data), &packet);
		packet_text(&packet, text, sizeof(text));
		if (longest < strlen(text))
			longest = strlen(text);
	}
	ok(longest < sizeof(text) - 1, "200000 broken packets; the longest line has %u", longest);
}

static bool has(const struct sample *sample, const char *text)
{
	struct network network;
	struct packet packet;

	parse(sample, sample->len, &packet);
	return network_parse(text, &network) && packet_has_address(&packet, &network);
}

static void test_filters(void)
{
	static const char *const wrong[] = {
		"", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.1/", "10.0.0.1/-1", "10.0.0.1/1x",
		"example.org", "1:2", "10.0.0.1 ", "/8",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
	};
	struct network network;
	struct packet packet;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		ok(!network_parse(wrong[i], &network), "not a network: \"%s\"", wrong[i]);
	ok(has(&samples[0], "10.0.1.9"), "its destination");
	ok(has(&samples[0], "10.0.2.9/32"), "its source");
	ok(has(&samples[0], "10.0.0.0/14"), "a network, not of whole bytes");
	ok(!has(&samples[0], "10.4.0.0/14"), "the next one");
	ok(has(&samples[0], "0.0.0.0/0"), "any");
	ok(!has(&samples[0], "::/0"), "any of the other family");
	ok(!has(&samples[0], "10.0.1.8"), "a neighbour");
	ok(has(&samples[1], "10.0.2.9"), "what an error is about");
	ok(has(&samples[3], "fd00:2::/32"), "what an error is about, IPv6");
	ok(!has(&samples[3], "fd00:2:0:0:8000::/65"), "not half of its network");

	parse(&samples[0], samples[0].len, &packet);
	ok(packet_has_port(&packet, 80) && packet_has_port(&packet, 20000), "both ports");
	ok(!packet_has_port(&packet, 9), "no other port");
	parse(&samples[1], samples[1].len, &packet);
	ok(packet_has_port(&packet, 9), "the port that an error is about");
	parse(&samples[4], samples[4].len, &packet);
	ok(!packet_has_port(&packet, 80) && !packet_has_port(&packet, 0), "a part has no ports");
}

static void test_reasons(void)
{
	unsigned int i;

	for (i = 0; i < XT_CTSTATE2_REASON_MAX; i++)
		ok(reasons[i].name && *reasons[i].what && *reasons[i].remedy &&
		   !strpbrk(reasons[i].remedy, "`*") && !strstr(reasons[i].what, "]("),
		   "doc/states.md: %s, with a remedy, and no markup left",
		   reasons[i].name ? reasons[i].name : "(none)");
}

int main(void)
{
	test_packets();
	test_random();
	test_filters();
	test_reasons();
	return finish();
}
