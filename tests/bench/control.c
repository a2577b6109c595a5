// SPDX-License-Identifier: GPL-2.0-only
/*
 * control CLIENT SERVER MAC KIND CONNECTIONS FIRST_PORT [SEEN]: the segments of control
 * connections, through a router: what the client at 10.9.1.2 sends goes out of
 * the device CLIENT, what the server at 10.9.2.2 sends out of SERVER, both to MAC. Nobody
 * answers: both sides are played here, so that each segment is sent, routed and gone when
 * send() returns. Prints the nanoseconds a segment. SEEN is what the server sees as the
 * client's address, if the router has SNAT.
 *
 * KIND is of FTP:
 * session: login, 20 transfers and 5 listings, PASV, EPSV and PORT
 * dormant: 200 segments of 100 bytes each way, after both agreed on a protection
 * or of RTSP:
 * streams: two streams over UDP are set up, played, kept alive, and torn down, three times
 * frames: 200 segments of a stream in the control connection, whose frames do not end where
 *         segments do; an ACK for every other one is in their cost
 * media: the 200 segments behind the first 150 of such a stream
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
	__u32 address, seen, seq;
	__u16 port;
} client, server;
static unsigned char mac[6];
static unsigned long segments;
static bool counting;
static long long start;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Segments count from here on, and what they take. */
static void begin_counting(void)
{
	counting = true;
	start = now();
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
		char payload[1460];
	} __attribute__((packed)) frame = {
		.eth.h_proto = htons(ETH_P_IP),
		.ip = {
			.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP,
			.tot_len = htons(sizeof(frame.ip) + sizeof(frame.tcp) + len),
			.saddr = htonl(from->address), .daddr = htonl(to->seen),
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
	pseudo = (from->address >> 16) + (from->address & 0xffff) + (to->seen >> 16) +
		 (to->seen & 0xffff) + IPPROTO_TCP + sizeof(frame.tcp) + len;
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
	begin_counting();
	for (i = 0; i < 200; i++) {
		says(&client, record);
		says(&server, record);
	}
}

static void asks(unsigned int cseq, const char *method, const char *url, const char *headers)
{
	char text[512];

	snprintf(text, sizeof(text), "%s rtsp://10.9.2.2:554/live%s RTSP/1.0\r\nCSeq: %u\r\n"
		 "User-Agent: Lavf59.27.100\r\n%s\r\n", method, url, cseq, headers);
	says(&client, text);
}

static void replies(unsigned int cseq, const char *headers, const char *body)
{
	char text[1024];

	snprintf(text, sizeof(text), "RTSP/1.0 200 OK\r\nCSeq: %u\r\n"
		 "Server: GStreamer RTSP server\r\nDate: Fri, 27 Nov 2026 18:00:00 GMT\r\n"
		 "%s\r\n%s", cseq, headers, body);
	says(&server, text);
}

#define SESSION "Session: 7TOXmDnxVKNv2cPQ"

static void set_up(unsigned int cseq, unsigned int i, unsigned int port)
{
	struct in_addr outside = { htonl(client.seen) };
	char url[16], headers[256];

	snprintf(url, sizeof(url), "/stream=%u", i);
	snprintf(headers, sizeof(headers), "Transport: RTP/AVP/UDP;unicast;destination=10.9.1.2;"
		 "client_port=%u-%u\r\n", port, port + 1);
	asks(cseq, "SETUP", url, headers);
	snprintf(headers, sizeof(headers), "Transport: RTP/AVP;unicast;destination=%s;"
		 "client_port=%u-%u;server_port=%u-%u;ssrc=78E01E6F;mode=\"PLAY\"\r\n"
		 SESSION ";timeout=60\r\n", inet_ntoa(outside), port, port + 1, port + 20000,
		 port + 20001);
	replies(cseq, headers, "");
}

static void streams(void)
{
	static const char sdp[] =
		"v=0\r\no=- 1188340656180883 1 IN IP4 10.9.2.2\r\ns=Session streamed with GStreamer\r\n"
		"t=0 0\r\na=type:broadcast\r\na=control:*\r\n"
		"m=video 0 RTP/AVP 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\n"
		"a=control:stream=0\r\nm=audio 0 RTP/AVP 97\r\nc=IN IP4 0.0.0.0\r\n"
		"a=rtpmap:97 L16/8000\r\na=control:stream=1\r\n";
	unsigned int i, k, cseq = 0, port = 20000;
	char headers[128];

	for (i = 0; i < 3; i++) {
		asks(++cseq, "OPTIONS", "", "");
		replies(cseq, "Public: OPTIONS, DESCRIBE, PLAY, PAUSE, SETUP, TEARDOWN\r\n", "");
		asks(++cseq, "DESCRIBE", "", "Accept: application/sdp\r\n");
		snprintf(headers, sizeof(headers), "Content-Type: application/sdp\r\n"
			 "Content-Base: rtsp://10.9.2.2:554/live/\r\nContent-Length: %zu\r\n",
			 sizeof(sdp) - 1);
		replies(cseq, headers, sdp);
		for (k = 0; k < 2; k++, port += 2)
			set_up(++cseq, k, port);
		asks(++cseq, "PLAY", "", SESSION "\r\nRange: npt=0.000-\r\n");
		replies(cseq, SESSION "\r\nRTP-Info: url=rtsp://10.9.2.2:554/live/stream=0;"
			"seq=14440;rtptime=3574538203\r\nRange: npt=now-\r\n", "");
		for (k = 0; k < 5; k++) {
			asks(++cseq, "GET_PARAMETER", "", SESSION "\r\n");
			replies(cseq, SESSION "\r\n", "");
		}
		asks(++cseq, "TEARDOWN", "", SESSION "\r\n");
		replies(cseq, SESSION "\r\nConnection: close\r\n", "");
	}
}

/* Counts behind the first @before of the segments with media. */
static void play_frames(unsigned int before)
{
	/* of a header of 4 bytes and 1400 of RTP's each; a segment has 1448 */
	static char stream[1404 * 362];
	unsigned int i;

	memset(stream, 0x80, sizeof(stream));
	for (i = 0; i < sizeof(stream); i += 1404)
		memcpy(stream + i, "$\0\x05\x78", 4);
	asks(1, "SETUP", "/stream=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
	replies(1, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" SESSION "\r\n", "");
	asks(2, "PLAY", "", SESSION "\r\n");
	replies(2, SESSION "\r\n", "");
	for (i = 0; i < before + 200; i++) {
		if (i == before)
			begin_counting();
		segment(&server, &client, false, true, stream + i * 1448, 1448);
		if (i % 2) {
			acks();
			segments--;
		}
	}
}

/* From the first one on, which may be followed for a while */
static void frames(void)
{
	play_frames(0);
}

static void media(void)
{
	play_frames(150);
}

static const struct kind {
	const char *name;
	const char *greeting;
	__u16 port;
	void (*play)(void);
	bool counted;	/* from the beginning on */
} kinds[] = {
	{ "session", "220 (vsFTPd 3.0.3)\r\n", 21, session, true },
	{ "dormant", "220 (vsFTPd 3.0.3)\r\n", 21, dormant, false },
	{ "streams", NULL, 554, streams, true },
	{ "frames", NULL, 554, frames, false },
	{ "media", NULL, 554, media, false },
};

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

int main(int argc, char **argv)
{
	const struct kind *kind = NULL;
	long long total = 0;
	unsigned int k;
	int i, n;

	for (k = 0; argc > 4 && k < sizeof(kinds) / sizeof(*kinds); k++)
		if (!strcmp(argv[4], kinds[k].name))
			kind = &kinds[k];
	if ((argc != 7 && argc != 8) || !kind ||
	    sscanf(argv[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2,
		   mac + 3, mac + 4, mac + 5) != 6) {
		fputs("control CLIENT SERVER MAC KIND CONNECTIONS FIRST_PORT [SEEN]\n", stderr);
		return 2;
	}
	client.fd = device(argv[1]);
	server.fd = device(argv[2]);
	client.address = 10 << 24 | 9 << 16 | 1 << 8 | 2;
	client.seen = argc == 8 ? ntohl(inet_addr(argv[7])) : client.address;
	server.address = 10 << 24 | 9 << 16 | 2 << 8 | 2;
	server.seen = server.address;
	server.port = kind->port;
	n = atoi(argv[5]);

	for (i = 0; i < n; i++) {
		client.port = atoi(argv[6]) + i;
		client.seq = 1000 * i;
		server.seq = 0xffff0000 + i;
		counting = false;
		segment(&client, &server, true, false, "", 0);
		segment(&server, &client, true, true, "", 0);
		acks();
		if (kind->greeting)
			says(&server, kind->greeting);
		if (i == 0)
			segments = 0;
		if (kind->counted)
			begin_counting();
		kind->play();
		/* The first one is for warming up. */
		if (i)
			total += now() - start;
		else
			segments = 0;
	}
	printf("%lld\n", total / (long long)segments);
	return 0;
}
