// SPDX-License-Identifier: GPL-2.0-only
/*
 * control CLIENT SERVER MAC session|dormant CONNECTIONS FIRST_PORT: the segments of FTP
 * control connections, through a router: what the client at 10.9.1.2 sends goes out of
 * the device CLIENT, what the server at 10.9.2.2 sends out of SERVER, both to MAC. Nobody
 * answers: both sides are played here, so that each segment is sent, routed and gone when
 * send() returns. Prints the nanoseconds a segment.
 *
 * session: login, 20 transfers and 5 listings, PASV, EPSV and PORT
 * dormant: 200 segments of 100 bytes each way, after both agreed on a protection
 */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/types.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static struct end {
	int fd;
	__u32 address, seq;
	__u16 port;
} client, server;
static unsigned char mac[6];
static unsigned long segments;
static bool counting;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static __u16 sum(const void *data, size_t len, __u32 start)
{
	const __u8 *p = data;
	__u32 total = start;

	for (; len > 1; p += 2, len -= 2)
		total += p[0] << 8 | p[1];
	if (len)
		total += p[0] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons(~total);
}

static void segment(struct end *from, struct end *to, bool syn, bool ack, const char *payload,
		    size_t len)
{
	struct {
		struct ethhdr eth;
		struct iphdr ip;
		struct tcphdr tcp;
		char payload[512];
	} __attribute__((packed)) frame = {
		.eth.h_proto = htons(ETH_P_IP),
		.ip = {
			.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP,
			.tot_len = htons(sizeof(frame.ip) + sizeof(frame.tcp) + len),
			.saddr = htonl(from->address), .daddr = htonl(to->address),
		},
		.tcp = {
			.source = htons(from->port), .dest = htons(to->port),
			.seq = htonl(from->seq), .ack_seq = htonl(ack ? to->seq : 0),
			.doff = 5, .syn = syn, .ack = ack, .psh = len > 0, .window = htons(60000),
		},
	};
	size_t size = sizeof(frame) - sizeof(frame.payload) + len;
	__u32 pseudo;

	memcpy(frame.eth.h_dest, mac, 6);
	frame.eth.h_source[0] = 2;
	memcpy(frame.payload, payload, len);
	frame.ip.check = sum(&frame.ip, sizeof(frame.ip), 0);
	pseudo = (from->address >> 16) + (from->address & 0xffff) + (to->address >> 16) +
		 (to->address & 0xffff) + IPPROTO_TCP + sizeof(frame.tcp) + len;
	frame.tcp.check = sum(&frame.tcp, sizeof(frame.tcp) + len, pseudo);
	if (send(from->fd, &frame, size, 0) != (ssize_t)size)
		die("send");
	from->seq += len + syn;
	segments += counting;
}

static void says(struct end *from, const char *line)
{
	segment(from, from == &client ? &server : &client, false, true, line, strlen(line));
}

static void acks(void)
{
	segment(&client, &server, false, true, "", 0);
}

static void transfer(unsigned int i, const char *command)
{
	char line[64];
	unsigned int port = 20000 + i;

	switch (i % 3) {
	case 0:
		says(&client, "PASV\r\n");
		snprintf(line, sizeof(line), "227 Entering Passive Mode (10,9,2,2,%u,%u).\r\n",
			 port >> 8, port & 255);
		says(&server, line);
		break;
	case 1:
		says(&client, "EPSV\r\n");
		snprintf(line, sizeof(line), "229 Entering Extended Passive Mode (|||%u|)\r\n",
			 port);
		says(&server, line);
		break;
	case 2:
		snprintf(line, sizeof(line), "PORT 10,9,1,2,%u,%u\r\n", port >> 8, port & 255);
		says(&client, line);
		says(&server, "200 PORT command successful. Consider using PASV.\r\n");
		break;
	}
	says(&client, command);
	says(&server, "150 Opening BINARY mode data connection for file (1048576 bytes).\r\n");
	acks();
	says(&server, "226 Transfer complete.\r\n");
}

static void session(void)
{
	unsigned int i;

	says(&client, "USER anonymous\r\n");
	says(&server, "331 Please specify the password.\r\n");
	says(&client, "PASS ftp@example.com\r\n");
	says(&server, "230 Login successful.\r\n");
	says(&client, "SYST\r\n");
	says(&server, "215 UNIX Type: L8\r\n");
	says(&client, "FEAT\r\n");
	says(&server, "211-Features:\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n"
	     " REST STREAM\r\n SIZE\r\n TVFS\r\n UTF8\r\n211 End\r\n");
	says(&client, "PWD\r\n");
	says(&server, "257 \"/\" is the current directory\r\n");
	says(&client, "TYPE I\r\n");
	says(&server, "200 Switching to Binary mode.\r\n");
	for (i = 0; i < 25; i++)
		transfer(i, i % 5 == 4 ? "LIST\r\n" : "RETR some/folder/file.tar.gz\r\n");
	says(&client, "QUIT\r\n");
	says(&server, "221 Goodbye.\r\n");
}

static void dormant(void)
{
	char record[101];
	unsigned int i;

	memset(record, 0x81, 100);
	record[100] = '\0';
	says(&client, "AUTH SSL\r\n");
	says(&server, "334 Proceed with negotiation.\r\n");
	/* Another protocol in any case, for a helper that knows nothing of AUTH */
	says(&client, record);
	counting = true;
	for (i = 0; i < 200; i++) {
		says(&client, record);
		says(&server, record);
	}
}

static int device(const char *name)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(name),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || !address.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die(name);
	return fd;
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	long long total = 0, start;
	bool asleep;
	int i, n;

	if (argc != 7 || sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2,
				mac + 3, mac + 4, mac + 5) != 6) {
		fputs("control CLIENT SERVER MAC session|dormant CONNECTIONS FIRST_PORT\n", stderr);
		return 2;
	}
	client.fd = device(argv[1]);
	server.fd = device(argv[2]);
	client.address = 10 << 24 | 9 << 16 | 1 << 8 | 2;
	server.address = 10 << 24 | 9 << 16 | 2 << 8 | 2;
	server.port = 21;
	asleep = !strcmp(argv[4], "dormant");
	n = atoi(argv[5]);

	for (i = 0; i < n; i++) {
		client.port = atoi(argv[6]) + i;
		client.seq = 1000 * i;
		server.seq = 0xffff0000 + i;
		counting = !asleep;
		segment(&client, &server, true, false, "", 0);
		segment(&server, &client, true, true, "", 0);
		acks();
		says(&server, "220 (vsFTPd 3.0.3)\r\n");
		if (i == 0)
			segments = 0;
		start = now();
		if (asleep)
			dormant();
		else
			session();
		/* The first one is for warming up. */
		if (i)
			total += now() - start;
		else
			segments = 0;
	}
	printf("%lld\n", total / (long long)segments);
	return 0;
}
