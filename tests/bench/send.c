// SPDX-License-Identifier: GPL-2.0-only
/*
 * send ADDRESS PORT COUNT [refused|some]: sends COUNT UDP packets of one byte, and prints
 * how many nanoseconds a packet took. With qemu's -icount shift=0 one nanosecond of
 * a guest's clock is one instruction. With `refused`, each of them goes to another port,
 * and has to be refused by the firewall; with `some`, it may be.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	long count, i;
	double start = 0;
	bool refused, some;
	int fd;

	refused = argc == 5 && !strcmp(argv[4], "refused");
	some = argc == 5 && !strcmp(argv[4], "some");
	if (argc != 4 + (refused || some) || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: send ADDRESS PORT COUNT [refused|some]\n");
		return 2;
	}
	to.sin_port = htons(atoi(argv[2]));
	count = atol(argv[3]);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
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
		} else if (send(fd, "", 1, 0) != 1 && !(some && errno == EPERM)) {
			perror("send");
			return 1;
		}
	}
	printf("%.3f\n", (now() - start) / count);
	return 0;
}
