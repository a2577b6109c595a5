/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTWHY_PCAPNG_H
#define CTWHY_PCAPNG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>

#define PCAPNG_INTERFACES	64
#define PCAPNG_NAME		80	/* room for an interface's name, as UTF-8 */

/**
 * struct pcapng - a file of packets that Wireshark reads
 * @file: the file
 * @names: of interfaces that are described in it
 * @n: how many
 */
struct pcapng {
	FILE *file;
	char names[PCAPNG_INTERFACES][PCAPNG_NAME];
	unsigned int n;
};

int pcapng_open(struct pcapng *pcap, const char *path);
int pcapng_write(struct pcapng *pcap, const char *interface, const struct timeval *when,
		 const uint8_t *data, uint32_t len, uint32_t whole, const char *comment);
int pcapng_close(struct pcapng *pcap);

#endif /* CTWHY_PCAPNG_H */
