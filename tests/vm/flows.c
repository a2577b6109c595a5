// SPDX-License-Identifier: GPL-2.0-only
/*
 * flows ADDRESS COUNT FIRST [MICROSECONDS]: sends a UDP packet from port 4000 to each of
 * COUNT ports, from FIRST on, and after 60000 to those of the next address; with a pause
 * after each. In C, and static, because a guest takes half a second to start Python.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORTS_OF_ONE	60000

int main(int argc, char **argv)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 }, from6 = to6;
	struct sockaddr_in to4 = { .sin_family = AF_INET }, from4 = to4;
	const struct sockaddr *to, *from;
	long count, first, pause, i;
	int fd, one = 1, family;
	unsigned char *last;
	in_port_t *port;
	socklen_t size;

	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: flows ADDRESS COUNT FIRST [MICROSECONDS]\n");
		return 2;
	}
	count = atol(argv[2]);
	first = atol(argv[3]);
	pause = argc > 4 ? atol(argv[4]) : 0;
	from4.sin_port = htons(4000);
	from6.sin6_port = htons(4000);
	if (inet_pton(AF_INET, argv[1], &to4.sin_addr) == 1) {
		family = AF_INET;
		to = (const struct sockaddr *)&to4;
		from = (const struct sockaddr *)&from4;
		port = &to4.sin_port;
		last = (unsigned char *)&to4.sin_addr + 3;
		size = sizeof(to4);
	} else if (inet_pton(AF_INET6, argv[1], &to6.sin6_addr) == 1) {
		family = AF_INET6;
		to = (const struct sockaddr *)&to6;
		from = (const struct sockaddr *)&from6;
		port = &to6.sin6_port;
		last = &to6.sin6_addr.s6_addr[15];
		size = sizeof(to6);
	} else {
		fprintf(stderr, "flows: %s: an address is needed\n", argv[1]);
		return 2;
	}
	fd = socket(family, SOCK_DGRAM, 0);
	if (fd < 0 || (family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
							&one, sizeof(one))) ||
	    bind(fd, from, size)) {
		perror("flows: socket");
		return 1;
	}
	for (i = 0; i < count; i++) {
		*port = htons(first + i % PORTS_OF_ONE);
		if (i && i % PORTS_OF_ONE == 0)
			++*last;
		if (sendto(fd, "data", 4, 0, to, size) != 4) {
			perror("flows: sendto");
			return 1;
		}
		if (pause)
			usleep(pause);
	}
	return 0;
}
