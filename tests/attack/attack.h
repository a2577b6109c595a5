/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs of this folder have in common: a sequence of random numbers that can be
 * had again, a clock, messages for netlink, and calls whose allocations fail in turn.
 */
#ifndef _TESTS_ATTACK_H
#define _TESTS_ATTACK_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/netlink.h>

#define N_ITEMS(array)	(sizeof(array) / sizeof((array)[0]))

static inline void attack_die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- Random numbers --- */

static __u64 attack_seed;

static inline __u32 attack_random(void)
{
	attack_seed ^= attack_seed >> 12;
	attack_seed ^= attack_seed << 25;
	attack_seed ^= attack_seed >> 27;
	return attack_seed * 0x2545f4914f6cdd1dULL >> 32;
}

static inline unsigned int attack_below(unsigned int n)
{
	return (__u64)attack_random() * n >> 32;
}

static inline bool attack_one_in(unsigned int n)
{
	return !attack_below(n);
}

/* A number that somebody may have thought of, or not */
static inline __u32 attack_number(void)
{
	switch (attack_below(8)) {
	case 0:
		return 0;
	case 1:
		return 1U << attack_below(32);
	case 2:
		return (1U << attack_below(32)) - 1;
	case 3:
		return -attack_below(4);
	case 4:
		return attack_random();
	default:
		return attack_below(128);
	}
}

static inline void attack_bytes(void *to, size_t len)
{
	__u8 *bytes = to;

	while (len--)
		*bytes++ = attack_random();
}

/* Breaks a few bytes. */
static inline void attack_break(void *data, size_t len)
{
	__u8 *bytes = data;
	unsigned int n = 1 + attack_below(4);

	while (len && n--) {
		__u8 *byte = &bytes[attack_below(len)];

		switch (attack_below(4)) {
		case 0:
			*byte = attack_random();
			break;
		case 1:
			*byte = attack_number();
			break;
		default:
			*byte ^= 1 << attack_below(8);
		}
	}
}

/* --- The clock --- */

/* A slow machine has done too little when the time is over, and goes on for a while. */
#define ATTACK_LATEST	16

static time_t attack_start;
static int attack_seconds;
static unsigned int attack_turns;	/* that are left to be done at least */

static inline time_t attack_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static inline bool attack_goes_on(void)
{
	time_t gone = attack_now() - attack_start;

	if (attack_turns)
		attack_turns--;
	return gone < attack_seconds ||
	       (attack_turns && gone < attack_seconds * ATTACK_LATEST);
}

/* --- Allocations that fail --- */

static int attack_fail_fd = -1;
static unsigned int attack_failed, attack_nth;

/*
 * From now on, attack_again() has each call made again and again, see there. So a turn takes
 * longer: @turns at least, for each second
 */
static inline void attack_fail(unsigned int turns)
{
	attack_fail_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (attack_fail_fd < 0)
		attack_die("fail-nth");
	attack_turns = attack_seconds * turns;
}

/* Right before a call: its next allocation but so many is to fail. */
static inline void attack_arm(void)
{
	char text[16];

	if (attack_fail_fd < 0)
		return;
	snprintf(text, sizeof(text), "%u", ++attack_nth);
	if (pwrite(attack_fail_fd, text, strlen(text), 0) < 0)
		attack_die("fail-nth");
}

/* Right behind it: is it to be made again, with one allocation more that does not fail? */
static inline bool attack_again(void)
{
	char text[16] = "";

	if (attack_fail_fd < 0)
		return false;
	if (pread(attack_fail_fd, text, sizeof(text) - 1, 0) < 0)
		attack_die("fail-nth");
	if (pwrite(attack_fail_fd, "0", 1, 0) < 0)
		attack_die("fail-nth");
	if (atoi(text)) {
		attack_nth = 0;
		return false;
	}
	attack_failed++;
	return true;
}

/* --- Arguments, of all of these programs: SECONDS SEED [fail] --- */

/* @turns: of attack_goes_on(), at least, for each second */
static inline void attack_begin(int argc, char **argv, unsigned int turns)
{
	if (argc < 3) {
		fprintf(stderr, "usage: %s SECONDS SEED\n", argv[0]);
		exit(2);
	}
	attack_start = attack_now();
	attack_seconds = atoi(argv[1]);
	attack_turns = attack_seconds * turns;
	attack_seed = strtoull(argv[2], NULL, 10) * 2 + 1;
	attack_random();
	/* Buffers of programs that are killed are lost. */
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* --- Netlink --- */

#define ATTACK_MESSAGE	65536

/* Messages that are sent in one go */
struct attack_messages {
	__u8 bytes[ATTACK_MESSAGE];
	size_t len;
	size_t start;		/* of the last one */
};

static inline void *attack_put(struct attack_messages *m, const void *data, size_t len)
{
	__u8 *to = m->bytes + m->len;
	size_t padded = NLMSG_ALIGN(len);

	if (m->len + padded > sizeof(m->bytes)) {
		errno = EMSGSIZE;
		attack_die("attack_put");
	}
	memset(to, 0, padded);
	if (data)
		memcpy(to, data, len);
	m->len += padded;
	return to;
}

static inline void attack_message(struct attack_messages *m, __u16 type, __u16 flags,
				  __u32 seq)
{
	struct nlmsghdr header = {
		.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = seq,
	};

	m->start = m->len;
	attack_put(m, &header, sizeof(header));
}

static inline void attack_message_end(struct attack_messages *m)
{
	struct nlmsghdr *header = (void *)(m->bytes + m->start);

	header->nlmsg_len = m->len - m->start;
}

static inline void attack_attr(struct attack_messages *m, __u16 type, const void *data,
			       size_t len)
{
	struct nlattr attr = { .nla_len = sizeof(attr) + len, .nla_type = type };

	attack_put(m, &attr, sizeof(attr));
	attack_put(m, data, len);
}

static inline void attack_attr_u8(struct attack_messages *m, __u16 type, __u8 value)
{
	attack_attr(m, type, &value, sizeof(value));
}

static inline void attack_attr_be16(struct attack_messages *m, __u16 type, __u16 value)
{
	value = htons(value);
	attack_attr(m, type, &value, sizeof(value));
}

static inline void attack_attr_be32(struct attack_messages *m, __u16 type, __u32 value)
{
	value = htonl(value);
	attack_attr(m, type, &value, sizeof(value));
}

static inline void attack_attr_text(struct attack_messages *m, __u16 type, const char *text)
{
	attack_attr(m, type, text, strlen(text) + 1);
}

static inline size_t attack_nest(struct attack_messages *m, __u16 type)
{
	size_t start = m->len;

	attack_attr(m, type | NLA_F_NESTED, NULL, 0);
	return start;
}

static inline void attack_nest_end(struct attack_messages *m, size_t start)
{
	struct nlattr *attr = (void *)(m->bytes + start);

	attr->nla_len = m->len - start;
}

/*
 * Breaks the last message behind its first @whole bytes: bytes, or the end of it is cut off,
 * or an attribute more comes.
 */
static inline void attack_break_message(struct attack_messages *m, size_t whole)
{
	__u8 *body = m->bytes + m->start + whole;
	size_t len = m->len - m->start - whole;
	__u8 random[64];

	switch (attack_below(4)) {
	case 0:
		m->len -= attack_below(len / NLMSG_ALIGNTO + 1) * NLMSG_ALIGNTO;
		break;
	case 1:
		attack_bytes(random, sizeof(random));
		attack_attr(m, attack_below(40), random, attack_below(sizeof(random)));
		break;
	default:
		attack_break(body, len);
	}
}

static inline int attack_netlink(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, protocol);
	struct sockaddr_nl here = { .nl_family = AF_NETLINK };
	int size = 4 << 20;

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)))
		attack_die("netlink");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return fd;
}

/* At most so much is read at once: a list may grow faster than it is read. */
#define ATTACK_READS	1000

/*
 * Reads what there is. @error is called for each acknowledgment, and for each list that came to
 * its end, with the number of its message and the error, or 0.
 *
 * Return: how many other messages there were
 */
static inline unsigned int attack_read(int fd, void (*error)(__u32 seq, int error))
{
	static __u8 buffer[1 << 16];
	unsigned int others = 0, reads;
	struct nlmsghdr *h;
	ssize_t len;

	for (reads = 0; reads < ATTACK_READS; reads++) {
		len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (len < 0 && (errno == ENOBUFS || errno == EINTR))
			continue;
		if (len <= 0)
			return others;
		for (h = (void *)buffer; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
			if (h->nlmsg_type == NLMSG_ERROR) {
				struct nlmsgerr *e = NLMSG_DATA(h);

				if (error)
					error(h->nlmsg_seq, -e->error);
			} else if (h->nlmsg_type == NLMSG_DONE) {
				if (error)
					error(h->nlmsg_seq, 0);
			} else {
				others++;
			}
		}
	}
	return others;
}

static inline void attack_send(int fd, struct attack_messages *m)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	do {
		attack_arm();
		sendto(fd, m->bytes, m->len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	} while (attack_again());
	m->len = 0;
}

/* An error of a request that stands by itself, or 0 */
static int attack_last_error;

static inline void attack_keep_error(__u32 seq, int error)
{
	(void)seq;
	attack_last_error = error;
}

#endif /* _TESTS_ATTACK_H */
