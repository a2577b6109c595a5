// SPDX-License-Identifier: GPL-2.0-only
/*
 * send ADDRESS PORT COUNT [refused|some|invalid]: sends COUNT UDP packets of one byte, and
 * prints how many nanoseconds a packet took. With qemu's -icount shift=0 one nanosecond of
 * a guest's clock is one instruction. With `refused`, each of them goes to another port,
 * and has to be refused by the firewall; with `some`, it may be. With `invalid`, they are no
 * UDP packets, but segments of TCP that are INVALID.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	/* A segment without a flag, which no tracker takes; the kernel fills in the rest. */
	static struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} segment = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP },
		.tcp = { .doff = 5 },
	};
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *mode = argc == 5 ? argv[4] : "";
	const void *packet = "";
	size_t len = 1;
	long count, i;
	double start = 0;
	bool refused = !strcmp(mode, "refused");
	bool some = !strcmp(mode, "some");
	bool invalid = !strcmp(mode, "invalid");
	int fd;

	if (argc != 4 + (refused || some || invalid) ||
	    inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: send ADDRESS PORT COUNT [refused|some|invalid]\n");
		return 2;
	}
	to.sin_port = htons(atoi(argv[2]));
	count = atol(argv[3]);
	if (invalid) {
		segment.ip.daddr = to.sin_addr.s_addr;
		segment.tcp.dest = to.sin_port;
		packet = &segment;
		len = sizeof(segment);
	}
	fd = socket(AF_INET, invalid ? SOCK_RAW : SOCK_DGRAM, invalid ? IPPROTO_RAW : 0);
	if (fd < 0 || (!refused && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)) {
		perror("send: connect");
		return 1;
	}
	/* the first packet makes the connection tracking entry */
	for (i = -1; i < count; i++) {
		if (!i)
			start = now();
		if (refused) {
			to.sin_port = htons(1024 + i % 64000);
			if (sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)) == 1 ||
			    errno != EPERM) {
				fprintf(stderr, "send: packet %ld was not refused\n", i);
				return 1;
			}
		} else if (send(fd, packet, len, 0) != (ssize_t)len &&
			   !(some && errno == EPERM)) {
			perror("send");
			return 1;
		}
	}
	printf("%.3f\n", (now() - start) / count);
	return 0;
}
