// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dialogues, and what line.c and rtsp.c decide in them, TAP. Each one runs as it is, byte by
 * byte, cut in two at every place, and with the tail behind every place held back and sent
 * again: with the same decisions. The client is 10.0.0.2 (fd00::2), with SNAT 192.0.2.1
 * (2001:db8::1) outside, the server 10.9.0.9 (fd00::9), with DNAT 203.0.113.5. NAT makes
 * port 7000 of 5000, and 8000 of 6000.
 */
#include "rtsp_dialogue.h"
#include "grammar_test.h"

#define REQUEST(method, n, url, more)							\
	">" method " rtsp://h/m" url " RTSP/1.0\r\nCSeq: " #n "\r\n" more "\r\n"
#define ANSWER(code, n, more)	"<RTSP/1.0 " code "\r\nCSeq: " #n "\r\n" more "\r\n"
#define SETUP(n, t)		REQUEST("SETUP", n, "/t" #n, "Transport: " t "\r\n")
#define BEGUN			"SETUP rtsp://h/m RTSP/1.0\r\nCSeq: 1\r\n"
#define ASKED			BEGUN "Transport: " UDP "\r\n\r\n"
#define OK1			"RTSP/1.0 200 OK\r\nCSeq: 1\r\n"
#define IN_ABC			"Session: abc\r\n"
#define IN_90			"Session: abc;timeout=90\r\n"
#define ANSWERED(n, t)		ANSWER("200 OK", n, IN_90 "Transport: " t "\r\n")

#define UDP			"RTP/AVP;unicast;client_port=5000-5001"
#define UDP2			"RTP/AVP;unicast;client_port=5002-5003"
#define UDP_OK			UDP ";server_port=6000-6001"
#define UDP2_OK			UDP2 ";server_port=6002-6003"
#define TCP			"RTP/AVP/TCP;unicast;interleaved=0-1"
/* a hundred, of no bytes each: see say() */
#define FRAMES			"\202"
#define OFFER			"offer 0 client 5000+"
#define OFFER2			"offer 4 client 5002+"
#define OPEN			"offer 2 server 6000+; open 0 90s, open 2 90s"
#define OPEN2			"offer 6 server 6002+; open 4 90s, open 6 90s"
#define OPEN_FROM		"open 0 90s from 10.9.0.77"
#define OPENED			"open 0 90s, open 2 90s"
#define WRITE			"write \"8000\", write \"8001\""
#define RENEW			"open 0,2 90s"

/*
 * @steps: what an end says, and the decisions that follow; and so on. \200 is a NUL, \201 is
 * 512 times x
 */
struct dialogue {
	const char *name;
	unsigned int flags;
	const char *steps[48];
};

#define V6		1
#define SNAT		2
#define DNAT		4
#define DESTINATION	8	/* loose */
#define SOURCE		16	/* loose */
#define RESUMED		32	/* from where another gateway left it */
#define TAKEOVER	64	/* and the parameter says that this is well */
#define PUBLIC		128	/* the server is 198.51.100.9 */
#define BOTH		(SNAT | DNAT)
#define ONE		256	/* after the steps of one */
#define TWO		512	/* after those of one and two */

static const char * const one_stream[] = {
	SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN, NULL
};

static const char * const two_streams[] = {
	SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN,
	SETUP(2, UDP2), OFFER2, ANSWERED(2, UDP2_OK), OPEN2, NULL
};

static const struct dialogue benign[] = {
	{ "a pair", 0, {
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN } },
	{ "what an end says besides", 0, {
		REQUEST("OPTIONS", 7, "", "User-Agent: a\r\n"), "",
		ANSWER("200 OK", 7, "Public: SETUP, PLAY\r\n"), "",
		REQUEST("DESCRIBE", 8, "", "Accept: application/sdp\r\n"), "",
		ANSWER("200 OK", 8, "Content-Type: application/sdp\r\nContent-Length: 10\r\n")
			"v=0\r\nm=a\r\n", "",
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN } },
	{ "PLAY opens what came once more, and each request lets it live", ONE, {
		REQUEST("PLAY", 3, "", IN_ABC), RENEW,
		ANSWER("200 OK", 3, IN_ABC), "open 0,2 again 90s",
		REQUEST("GET_PARAMETER", 4, "", IN_ABC), RENEW,
		ANSWER("200 OK", 4, IN_ABC), "",
		REQUEST("PAUSE", 5, "", IN_ABC), RENEW,
		ANSWER("200 OK", 5, IN_ABC), "",
		REQUEST("PLAY", 6, "", IN_ABC), RENEW,
		ANSWER("200 OK", 6, IN_ABC), "open 0,2 again 90s" } },
	{ "PLAY refused", ONE, {
		REQUEST("PLAY", 3, "", IN_ABC), RENEW,
		ANSWER("455 no", 3, IN_ABC), "" } },
	{ "RECORD, and ANNOUNCE before it", 0, {
		REQUEST("ANNOUNCE", 7, "", "Content-Length: 5\r\n") "v=0\r\n", "",
		ANSWER("200 OK", 7, ""), "",
		SETUP(1, UDP ";mode=record"), OFFER,
		ANSWERED(1, UDP_OK ";mode=record"), OPEN,
		REQUEST("RECORD", 3, "", IN_ABC), RENEW,
		ANSWER("200 OK", 3, IN_ABC), "open 0,2 again 90s" } },
	{ "port 0 of a client that only sends", 0, {
		SETUP(1, "RTP/AVP/UDP;unicast;client_port=0-0;mode=RECORD"), "",
		ANSWERED(1, "RTP/AVP/UDP;unicast;client_port=0-0;server_port=6000-6001"),
			"offer 2 server 6000+; open 2 90s" } },
	{ "no answer as to the server's ports", 0, {
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP), "open 0 90s" } },
	{ "port 0 of the server's", 0, {
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP ";server_port=0-0"), "open 0 90s" } },
	{ "an answer without the client's ports", 0, {
		SETUP(1, UDP), OFFER, ANSWERED(1, "RTP/AVP;unicast;server_port=6000-6001"),
			OPEN } },
	{ "a single number", 0, {
		SETUP(1, "RTP/AVP;unicast;client_port=5000"), "offer 0 client 5000",
		ANSWERED(1, "RTP/AVP;unicast;client_port=5000;server_port=6000"),
			"offer 2 server 6000; open 0 90s, open 2 90s" } },
	{ "RTCP-mux", 0, {
		SETUP(1, "RTP/AVP;unicast;RTCP-mux;client_port=5001"), "offer 0 client 5001",
		ANSWERED(1, "RTP/AVP;unicast;RTCP-mux;client_port=5001;server_port=6001"),
			"offer 2 server 6001; open 0 90s, open 2 90s" } },
	{ "two ports that are no pair", 0, {
		SETUP(1, "RTP/AVP;unicast;client_port=5000/5004"),
			"offer 0 client 5000, offer 1 client 5004",
		ANSWERED(1, "RTP/AVP;unicast;client_port=5000/5004;server_port=6001-6002"),
			"offer 2 server 6001, offer 3 server 6002; open 0,1 90s, open 2,3 90s" } },
	{ "two transports in one header, UDP is chosen", 0, {
		SETUP(1, UDP ", " TCP), OFFER, ANSWERED(1, UDP_OK), OPEN } },
	{ "two transports in one header, TCP is chosen", 0, {
		SETUP(1, UDP "," TCP), OFFER, ANSWERED(1, TCP), "close 0" } },
	{ "two headers, TCP first", 0, {
		REQUEST("SETUP", 1, "/t1", "Transport: " TCP "\r\nTransport: " UDP "\r\n"), OFFER,
		ANSWERED(1, UDP_OK), OPEN } },
	{ "three transports, two of them with the same ports", 0, {
		SETUP(1, UDP "," UDP ",RTP/AVP;multicast;client_port=5000-5001"), OFFER,
		ANSWERED(1, UDP_OK), OPEN } },
	{ "MP2T and RAW", 0, {
		SETUP(1, "MP2T/H2221/UDP;unicast;client_port=5000"), "offer 0 client 5000",
		ANSWERED(1, "MP2T/H2221/UDP;unicast;client_port=5000"), "open 0 90s",
		SETUP(2, "RAW/RAW/UDP;unicast;client_port=5002"), "offer 4 client 5002",
		ANSWERED(2, "RAW/RAW/UDP;unicast;client_port=5002"), "open 4 90s" } },
	{ "a set-top box that writes destination=address:port", 0, {
		SETUP(1, "MP2T/H2221/UDP;unicast;destination=10.0.0.2:5000"), "offer 0 client 5000",
		ANSWERED(1, "MP2T/H2221/UDP;unicast;destination=10.0.0.2:5000"), "open 0 90s" } },
	{ "addresses that are the ends' own", 0, {
		SETUP(1, UDP ";destination=10.0.0.2"), OFFER,
		ANSWERED(1, UDP_OK ";source=10.9.0.9;destination=10.0.0.2"), OPEN } },
	{ "names where addresses stand, in an answer", 0, {
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK ";source=cam.local;destination=\"\""),
			OPEN } },
	{ "an address of nobody's, in an answer", PUBLIC, {
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK ";source=192.168.0.9"), OPEN } },
	{ "the loopback address, in an answer", 0, {
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK ";source=127.0.0.1"), OPEN } },
	{ "RFC 7826", 0, {
		">SETUP rtsp://h/m RTSP/2.0\r\nCSeq: 1\r\nTransport: RTP/AVP/UDP;unicast;"
		"dest_addr=\":5000\"/\":5001\";mode=\"PLAY,RECORD\"\r\n\r\n", OFFER,
		"<RTSP/2.0 200 OK\r\nCSeq: 1\r\nSession: abc;timeout=90\r\nTransport: RTP/AVP/UDP;"
		"unicast;dest_addr=\"10.0.0.2:5000\"/\"10.0.0.2:5001\";"
		"src_addr=\"10.9.0.9:6000\"/\"10.9.0.9:6001\"\r\n\r\n", OPEN } },
	{ "names without case, blanks, quotes", 0, {
		">SETUP  rtsp://h/my film.mp4  RTSP/1.0 \r\ncseq:1\r\nTRANSPORT : rtp/avp/udp ; "
		"UNICAST;Client_Port = \"5000 - 5001\" ;mode=\"a;b,c\"\r\n\r\n", OFFER,
		"<RTSP/1.0 200\r\nCSEQ:\t1 \r\nsession:abc ;timeout=90\r\ntransport:" UDP_OK "\n\n",
			OPEN } },
	{ "folded lines", 0, {
		">SETUP rtsp://h/m RTSP/1.0\r\nCSeq:\r\n 1\r\nX: a\r\n Transport: " TCP "\r\n"
		"Transport: RTP/AVP;\r\n\tunicast;\r\n client_port=5000-5001\r\n\r\n", OFFER,
		"<RTSP/1.0 200 OK\r\nTransport:\r\n " UDP ";\r\n server_port=6000-6001\r\n"
		"CSeq: 1\r\nSession: abc;\r\n timeout=90\r\n\r\n", OPEN } },
	{ "LF alone", 0, {
		">SETUP rtsp://h/m RTSP/1.0\nCSeq: 1\nTransport: " UDP "\n\n", OFFER,
		"<RTSP/1.0 200 OK\nSession: abc;timeout=90\nCSeq: 1\nTransport: " UDP_OK "\n\n",
			OPEN } },
	{ "empty lines between messages", 0, {
		">\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n\r\n\n", "",
		ANSWER("200 OK", 9, "") "\r\n", "",
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN } },
	{ "the number behind the Transport", 0, {
		SETUP(1, UDP), OFFER,
		"<RTSP/1.0 200 OK\r\nTransport: " UDP_OK "\r\n" IN_90 "CSeq: 1\r\n\r\n",
			OPEN } },
	{ "so, and two SETUPs at once: the ports tell", 0, {
		SETUP(1, UDP), OFFER, SETUP(2, UDP2), OFFER2,
		"<RTSP/1.0 200 OK\r\nTransport: " UDP2_OK "\r\n" IN_90 "CSeq: 2\r\n\r\n",
			OPEN2,
		"<RTSP/1.0 200 OK\r\nTransport: " UDP_OK "\r\nSession: abc\r\nCSeq: 1\r\n\r\n",
			OPEN } },
	{ "several messages at once, answers in another order", 0, {
		">SETUP rtsp://h/m/t1 RTSP/1.0\r\nCSeq: 1\r\nTransport: " UDP "\r\n\r\n"
		"SETUP rtsp://h/m/t2 RTSP/1.0\r\nCSeq: 2\r\nTransport: " UDP2 "\r\n\r\n",
			OFFER "; " OFFER2,
		ANSWERED(2, UDP2_OK), OPEN2,
		ANSWERED(1, UDP_OK), OPEN } },
	{ "401, and once more", 0, {
		SETUP(1, UDP), OFFER, ANSWER("401 Unauthorized", 1, "WWW-Authenticate: Basic\r\n"),
			"close 0",
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN } },
	{ "100 before 200", 0, {
		SETUP(1, UDP), OFFER, ANSWER("100 Continue", 1, ""), "", ANSWERED(1, UDP_OK),
			OPEN } },
	{ "three streams of a session; TEARDOWN of one, and of all", TWO, {
		SETUP(3, "RTP/AVP;client_port=5004-5005"), "offer 8 client 5004+",
		ANSWERED(3, "RTP/AVP;client_port=5004-5005"), "open 8 90s",
		REQUEST("PLAY", 4, "", IN_ABC), "open 0,2,4,6,8 90s",
		ANSWER("200 OK", 4, IN_ABC), "open 0,2,4,6,8 again 90s",
		REQUEST("TEARDOWN", 5, "/t2", IN_ABC), "close 4,6, open 0,2,8 90s",
		ANSWER("200 OK", 5, ""), "",
		REQUEST("TEARDOWN", 6, "/", IN_ABC), "close 0,2,8",
		ANSWER("200 OK", 6, ""), "" } },
	{ "two sessions", ONE, {
		SETUP(2, UDP2), OFFER2,
		ANSWER("200 OK", 2, "Session: def\r\nTransport: " UDP2 "\r\n"), "open 4",
		REQUEST("OPTIONS", 3, "", "Session: def\r\n"), "open 4",
		REQUEST("TEARDOWN", 4, "", IN_ABC), "close 0,2",
		REQUEST("TEARDOWN", 5, "", "Session: def\r\n"), "close 4" } },
	{ "PLAY and TEARDOWN of a client that names no session", ONE, {
		REQUEST("PLAY", 3, "", ""), "", ANSWER("200 OK", 3, ""), "open 0,2 again 90s",
		REQUEST("TEARDOWN", 4, "", ""), "close 0,2" } },
	{ "a stream that is set up again", ONE, {
		REQUEST("SETUP", 2, "/t1", IN_ABC "Transport: " UDP2 "\r\n"), OFFER2 "; " RENEW,
		ANSWERED(2, UDP2_OK), "offer 6 server 6002+; close 0,2, open 4 90s, open 6 90s" } },
	{ "the timeout that comes later", 0, {
		SETUP(1, UDP), OFFER,
		ANSWER("200 OK", 1, "Session: abc\r\nTransport: " UDP "\r\n"), "open 0",
		REQUEST("PLAY", 2, "", IN_ABC), "open 0",
		ANSWER("200 OK", 2, "Session: abc;timeout=30\r\n"), "open 0 again 30s" } },
	{ "a timeout of days", 0, {
		SETUP(1, UDP), OFFER,
		ANSWER("200 OK", 1, "Session: abc;timeout=9999999999\r\nTransport: " UDP "\r\n"),
			"open 0 3600s" } },
	{ "frames of media in both directions, and UDP beside them", 0, {
		SETUP(9, TCP), "", ANSWERED(9, TCP), "",
		"<$\001\200\005RTSP/", "",
		">$\002\200\200$\003\200\001\n", "",
		"<$\001\002\200\201", "",
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN } },
	{ "two hundred frames, with UDP beside them", ONE, {
		"<" FRAMES FRAMES, "", REQUEST("PLAY", 3, "", IN_ABC), RENEW } },
	{ "many frames, and nothing over UDP", 0, {
		SETUP(9, TCP), "", ANSWERED(9, TCP), "",
		"<" FRAMES, "dormant interleaved" } },
	{ "as many frames as may be, and then UDP", 0, {
		SETUP(9, TCP), "", ANSWERED(9, TCP), "",
		"<\203", "", SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN } },
	{ "a server's own requests", ONE, {
		"<OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nSession: abc\r\n\r\n", "",
		">RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", "",
		"<ANNOUNCE rtsp://h/m RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 4\r\n\r\nv=0\n", "",
		">RTSP/1.0 501 no\r\nCSeq: 2\r\n\r\n", "",
		REQUEST("PLAY", 3, "", IN_ABC), RENEW, ANSWER("200 OK", 3, ""),
			"open 0,2 again 90s" } },
	{ "a server whose body is longer than it said", 0, {
		REQUEST("DESCRIBE", 8, "", ""), "",
		ANSWER("200 OK", 8, "Content-Length: 5\r\n") "v=0\r\na=x\r\n  b\r\n", "",
		SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK), OPEN } },
	{ "bodies without a line's end", 0, {
		REQUEST("SET_PARAMETER", 7, "", "Content-Length: 4\r\n") "abcd" ASKED, OFFER,
		ANSWER("200 OK", 7, "Content-Length: 4\r\n") "$\1\1\1" OK1
		IN_90 "Transport: " UDP_OK "\r\n\r\n", OPEN } },
	{ "seven streams: the one that was not used for longest goes", ONE, {
		SETUP(2, UDP2), OFFER2, ANSWERED(2, UDP2), "open 4 90s",
		SETUP(3, UDP2), "offer 8 client 5002+", SETUP(4, UDP2), "offer 12 client 5002+",
		SETUP(5, UDP2), "offer 16 client 5002+", SETUP(6, UDP2), "offer 20 client 5002+",
		REQUEST("PLAY", 20, "", IN_ABC), "open 0,2,4 90s",
		SETUP(21, UDP2), "close 8; offer 8 client 5002+" } },
	{ "IPv6", V6, {
		SETUP(1, UDP ";destination=fd00::2"), OFFER,
		ANSWERED(1, UDP_OK ";source=[fd00:0::9]"), OPEN } },
	{ "IPv6, RFC 7826", V6, {
		SETUP(1, "RTP/AVP;unicast;dest_addr=\"[fd00::2]:5000\"/\"[fd00::2]:5001\""), OFFER,
		ANSWERED(1, UDP ";src_addr=\"[FD00::9]:6000\"/\"[fd00::0.0.0.9]:6001\""), OPEN } },
	{ "SNAT", SNAT, {
		SETUP(1, UDP ";destination=10.0.0.2"),
			OFFER ", write \"7000\", write \"7001\", write \"192.0.2.1\"",
		ANSWERED(1, "RTP/AVP;destination=192.0.2.1;client_port=7000-7001;server_port=6000"),
			"write \"10.0.0.2\", write \"5000\", write \"5001\", offer 2 server 6000; "
			"open 0 90s, open 2 90s" } },
	{ "SNAT, no pair", SNAT, {
		SETUP(1, "RTP/AVP;unicast;client_port=5000/5004"),
			"offer 0 client 5000, offer 1 client 5004, write \"7000\", write \"7004\"",
		ANSWERED(1, "RTP/AVP;unicast;client_port=7000/7004"),
			"write \"5000\", write \"5004\"; open 0,1 90s" } },
	{ "SNAT, and destination=address:port", SNAT, {
		SETUP(1, "MP2T/H2221/UDP;unicast;destination=10.0.0.2:5000"),
			"offer 0 client 5000, write \"192.0.2.1:7000\"",
		ANSWERED(1, "MP2T/H2221/UDP;unicast;destination=192.0.2.1:7000"),
			"write \"10.0.0.2:5000\"; open 0 90s" } },
	{ "SNAT, the number behind the Transport", SNAT, {
		SETUP(1, UDP), OFFER ", write \"7000\", write \"7001\"",
		SETUP(2, UDP2), OFFER2 ", write \"7002\", write \"7003\"",
		"<RTSP/1.0 200 OK\r\nTransport: RTP/AVP;client_port=7002-7003\r\nCSeq: 2\r\n\r\n",
			"write \"5002\", write \"5003\"; open 4" } },
	{ "DNAT", DNAT, {
		SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP_OK ";source=10.9.0.9"),
			"offer 2 server 6000+, " WRITE ", write \"203.0.113.5\"; " OPENED } },
	{ "DNAT, a server that says its outer address", DNAT, {
		SETUP(1, UDP), OFFER,
		ANSWERED(1, "RTP/AVP;src_addr=\"203.0.113.5:6000\""),
			"offer 2 server 6000, write \"203.0.113.5:8000\"; " OPENED } },
	{ "both, IPv6", V6 | BOTH, {
		SETUP(1, "RTP/AVP;dest_addr=\"[fd00::2]:5000\"/\":5001\""),
			OFFER ", write \"[2001:db8:0:0:0:0:0:1]:7000\", write \"7001\"",
		ANSWERED(1, "RTP/AVP;dest_addr=\"[2001:db8::1]:7000\"/\":7001\""),
			"write \"[fd00:0:0:0:0:0:0:2]:5000\", write \"5001\"; open 0 90s",
		SETUP(2, "RTP/AVP"), "",
		ANSWERED(2, "RTP/AVP;src_addr=\"[fd00::9]:6000\"/\":6001\""),
			"offer 6 server 6000+, write \"[2001:db8:0:0:0:0:0:5]:8000\", write \"8001\"; "
			"open 6 90s" } },
	{ "loose=destination", DESTINATION, {
		SETUP(1, UDP ";destination=10.0.0.77"), "offer 0 client 5000+ at 10.0.0.77",
		ANSWERED(1, UDP ";destination=10.0.0.77"), "open 0 90s" } },
	{ "loose=source", SOURCE, {
		SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP_OK ";source=10.9.0.77"),
			"offer 2 server 6000+ at 10.9.0.77; " OPEN_FROM ", open 2 90s" } },
	{ "taken up, and takeover=1", RESUMED | TAKEOVER, {
		">t: x\r\n\r\n", "", "<X: a\r\n\r\n", "", SETUP(1, UDP), OFFER, ANSWERED(1, UDP_OK),
			OPEN } },
	{ "taken up: TEARDOWN closes what may have come along", RESUMED, {
		REQUEST("TEARDOWN", 1, "", IN_ABC), "close 20",
		REQUEST("TEARDOWN", 1, "", IN_ABC), "" } },
	{ "a request that is longer than what is kept", 0, {
		REQUEST("OPTIONS", 7, "", ""), "", ANSWER("200 OK", 7, ""), "",
		">SETUP rtsp://h/\201 RTSP/1.0\r\nCSeq: 1\r\nTransport: " UDP "\r\n\r\n", OFFER,
		ANSWERED(1, UDP_OK), OPEN } },
	{ "headers that are longer than what is kept", 0, {
		REQUEST("SETUP", 1, "/t1", "Authorization: \201\201\r\nTransport: " UDP "\r\n"),
			OFFER,
		ANSWER("200 OK", 1, IN_90 "X: \201\r\nTransport: " UDP_OK "\r\n"),
			OPEN } },
	{ "mode with a comma, without quotes", 0, {
		SETUP(1, UDP ";mode=play,record"), OFFER, ANSWERED(1, UDP_OK ";mode=PLAY"),
			OPEN } },
};

static const struct dialogue hostile[] = {
	{ "SETUP without an answer", 0, { SETUP(1, UDP), OFFER } },
	{ "SETUP refused", 0, { SETUP(1, UDP), OFFER, ANSWER("461 no", 1, ""), "close 0" } },
	{ "SETUP redirected", 0, { SETUP(1, UDP), OFFER,
		ANSWER("302 there", 1, "Location: rtsp://x/\r\nTransport: " UDP_OK "\r\n"),
			"close 0" } },
	{ "an answer of another number", 0, { SETUP(1, UDP), OFFER,
		ANSWERED(2, UDP_OK), "refused not_asked" } },
	{ "an answer without a number", 0, { SETUP(1, UDP), OFFER,
		"<RTSP/1.0 200 OK\r\nTransport: " UDP_OK "\r\n\r\n",
		"offer 2 server 6000+; close 2, close 0, refused no_cseq" } },
	{ "one whose number comes late, and is another one", 0, {
		SETUP(1, UDP), OFFER, SETUP(2, UDP2), OFFER2,
		"<RTSP/1.0 200 OK\r\nTransport: " UDP_OK "\r\nCSeq: 2\r\n\r\n",
			"offer 2 server 6000+; close 2, close 4, refused no_cseq" } },
	{ "an answer with two numbers", 0, { SETUP(1, UDP), OFFER,
		"<RTSP/1.0 200 OK\r\nCSeq: 2\r\nCSeq: 1\r\nTransport: " UDP_OK "\r\n\r\n", "" } },
	{ "a number that goes round", 0, { SETUP(1, UDP), OFFER,
		"<RTSP/1.0 200 OK\r\nCSeq: 4294967297\r\nTransport: " UDP_OK "\r\n\r\n", "" } },
	{ "an answer that nobody asked for", 0, {
		REQUEST("OPTIONS", 1, "", ""), "", ANSWERED(1, UDP_OK), "refused not_asked" } },
	{ "an answer that comes twice", ONE, {
		REQUEST("TEARDOWN", 2, "", IN_ABC), "close 0,2",
		ANSWERED(1, UDP_OK), "refused not_asked" } },
	{ "a server that asks", 0, {
		REQUEST("OPTIONS", 1, "", ""), "",
		"<SETUP rtsp://h/m RTSP/1.0\r\nCSeq: 1\r\nTransport: " UDP "\r\n\r\n", "",
		">RTSP/1.0 200 OK\r\nCSeq: 1\r\nTransport: " UDP_OK "\r\n\r\n", "" } },
	{ "SETUP without a number", 0, {
		">SETUP rtsp://h/m RTSP/1.0\r\nTransport: " UDP "\r\n\r\n",
			OFFER "; close 0, refused no_cseq",
		"<RTSP/1.0 200 OK\r\nTransport: " UDP_OK "\r\n\r\n", "refused not_asked" } },
	{ "a port under 1024", 0, {
		SETUP(1, "RTP/AVP;unicast;client_port=22-23"), "refused low_port",
		ANSWERED(1, "RTP/AVP;unicast;client_port=22-23"), "",
		SETUP(2, "RTP/AVP;unicast;client_port=5000/80"), "refused low_port" } },
	{ "a port under 1024 of the server's", 0, { SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP ";server_port=22"), "refused low_port; close 0" } },
	{ "ports over 65535", 0, {
		SETUP(1, "RTP/AVP;client_port=65536"), "refused unreadable",
		SETUP(2, "RTP/AVP;client_port=70536-70537"), "refused unreadable",
		SETUP(3, "RTP/AVP;client_port=4294972296"), "refused unreadable" } },
	{ "a range that is no pair's", 0, {
		SETUP(1, "RTP/AVP;client_port=5000-5001-5002"), "refused unreadable",
		SETUP(2, "RTP/AVP;client_port=5000-"), "refused unreadable",
		SETUP(3, "RTP/AVP;client_port=5000x"), "refused unreadable",
		SETUP(4, "RTP/AVP;client_port="), "refused unreadable" } },
	{ "the last port of all", 0, {
		SETUP(1, "RTP/AVP;client_port=65535"), "offer 0 client 65535",
		SETUP(2, "RTP/AVP;client_port=65534-65535"), "offer 4 client 65534+" } },
	{ "another host's address", 0, {
		SETUP(1, UDP ";destination=10.0.0.77"), "refused third_party",
		ANSWERED(1, UDP_OK), "",
		SETUP(2, "RTP/AVP;destination=10.0.0.77:5000"), "refused third_party",
		SETUP(3, "RTP/AVP;dest_addr=\"10.0.0.77:5000\""), "refused third_party" } },
	{ "another host's address behind the ports, on a line of its own", 0, {
		SETUP(1, UDP ";\r\n destination=10.0.0.77"), OFFER "; close 0, refused third_party",
		ANSWERED(1, UDP_OK), "" } },
	{ "another host's address in the answer", 0, { SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP_OK ";destination=10.0.0.77"), "refused third_party; close 0" } },
	{ "another server in the answer", 0, { SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP_OK ";source=10.9.0.77"), "refused other_source; close 0",
		SETUP(2, UDP), OFFER,
		ANSWERED(2, UDP ";src_addr=\"10.9.0.77:6000\""),
			"refused other_source; close 0" } },
	{ "another server, on a line of its own", 0, { SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP_OK ";\r\n source=10.9.0.77"),
			"offer 2 server 6000+; refused other_source; close 0,2" } },
	{ "loose=source is not loose=destination", SOURCE, {
		SETUP(1, UDP ";destination=10.0.0.77"), "refused third_party" } },
	{ "loose=destination is not loose=source", DESTINATION, { SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP_OK ";source=10.9.0.77"), "refused other_source; close 0" } },
	{ "loose=destination: an address behind the ports", DESTINATION, {
		SETUP(1, UDP ";\r\n destination=10.0.0.77"),
			OFFER "; close 0, refused unreadable" } },
	{ "the client's outer address", SNAT, {
		SETUP(1, UDP ";destination=192.0.2.1"), "refused outer_address" } },
	{ "an address of the other family", 0, {
		SETUP(1, UDP ";destination=fd00::2"), "refused other_family",
		SETUP(2, "RTP/AVP;dest_addr=\"[fd00::2]:5000\""), "refused other_family",
		SETUP(3, UDP), "offer 8 client 5000+",
		ANSWERED(3, UDP ";source=fd00::9"), "refused other_family; close 8" } },
	{ "a name as the destination", 0, {
		SETUP(1, UDP ";destination=host"), "refused unreadable",
		SETUP(2, "RTP/AVP;dest_addr=\"host:5000\""), "refused unreadable" } },
	{ "ports of the answer that were not offered", 0, { SETUP(1, UDP), OFFER,
		ANSWERED(1, "RTP/AVP;client_port=5002-5003"), "refused other_port; close 0",
		SETUP(2, UDP), OFFER,
		ANSWERED(2, "RTP/AVP;client_port=5000-5003"), "refused other_port; close 0" } },
	{ "SNAT: the client's own port in the answer", SNAT, {
		SETUP(1, UDP), OFFER ", write \"7000\", write \"7001\"",
		ANSWERED(1, UDP), "refused other_port; close 0" } },
	{ "two transports in the answer", 0, { SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP_OK "," UDP), "refused unreadable; close 0",
		SETUP(2, UDP), OFFER,
		ANSWERED(2, UDP "\r\nTransport: " TCP), "refused unreadable; close 0" } },
	{ "no transport in the answer", 0, { SETUP(1, UDP), OFFER,
		ANSWER("200 OK", 1, IN_ABC), "close 0",
		SETUP(2, UDP), OFFER,
		ANSWERED(2, "unicast;server_port=6000"), "close 0, refused unreadable" } },
	{ "multicast", 0, {
		SETUP(1, "RTP/AVP;multicast;client_port=5000-5001"), "",
		ANSWERED(1, "RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001"), "",
		SETUP(2, UDP), OFFER,
		ANSWERED(2, UDP ";multicast"), "close 0" } },
	{ "what is not UDP", 0, {
		SETUP(1, "RTP/AVP/TCP;unicast;client_port=5000-5001"), "",
		SETUP(2, "RTP/AVP;interleaved=0-1;client_port=5000-5001"), "",
		SETUP(3, "D-ICE/AVP/UDP;client_port=5000-5001"), "",
		SETUP(4, "RTP/SAVP/TLS;client_port=5000-5001"), "",
		SETUP(5, "RTP;client_port=5000-5001"), "" } },
	{ "two transports, two ports: only the first one is offered", 0, {
		SETUP(1, UDP "," UDP2), OFFER, ANSWERED(1, UDP2_OK),
			"refused other_port; close 0" } },
	{ "seven ports in a line", 0, {
		SETUP(1, UDP "," UDP "," UDP "," UDP), "refused unreadable" } },
	{ "a quote without its end", 0, {
		SETUP(1, "RTP/AVP;client_port=\"5000-5001"), "refused unreadable",
		SETUP(2, "RTP/AVP;mode=\"x;client_port=5000-5001"), "refused unreadable" } },
	{ "a Transport in a quote, in a name, in a value", 0, {
		SETUP(1, "RTP/AVP;mode=\";client_port=5000-5001;\""), "",
		REQUEST("SETUP", 2, "", "X-Transport: " UDP "\r\n"), "",
		REQUEST("SETUP", 3, "", "X: Transport: " UDP "\r\n"), "",
		REQUEST("SETUP", 4, "", "Transport " UDP "\r\n"), "" } },
	{ "a Transport longer than what is kept", 0, {
		SETUP(1, UDP ";x=\201"), "refused unreadable",
		SETUP(2, UDP2), OFFER2,
		ANSWERED(2, UDP2_OK ";x=\201"), "refused unreadable; close 4" } },
	{ "SETUP in a body", 0, {
		REQUEST("OPTIONS", 7, "", ""), "", ANSWER("200 OK", 7, ""), "",
		REQUEST("SET_PARAMETER", 8, "", "Content-Length: 65\r\n")
			"SETUP rtsp://h/m RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;client_po", "",
		REQUEST("OPTIONS", 9, "", ""), "" } },
	{ "SETUP in a frame", 0, {
		SETUP(9, TCP), "", ANSWERED(9, TCP), "",
		">$xx1", "", ">\201\201\201\201\201\201\201\201\201\201\201\201\201\201\201\201",
			"",
		">SETUP rtsp://h/m RTSP/1.0\r\nCSeq: 1\r\nTransport: " UDP "\r\n\r\n", "" } },
	{ "an answer in an answer's body", 0, { SETUP(1, UDP), OFFER,
		ANSWER("200 OK", 9, "Content-Length: 46\r\n")
			"RTSP/1.0 200 OK\r\nCSeq: 1\r\nTransport: RTP/AVP\r\n\r\n", "" } },
	{ "two lengths", 0, {
		REQUEST("OPTIONS", 7, "", "Content-Length: 5\r\nContent-length: 6\r\n"),
			"dormant body_length" } },
	{ "a length that is none", 0, {
		REQUEST("OPTIONS", 7, "", "Content-Length: 5x\r\n"), "dormant body_length" } },
	{ "a length below zero", 0, {
		REQUEST("OPTIONS", 7, "", "Content-Length: -5\r\n"), "dormant body_length" } },
	{ "a length of gigabytes", 0, {
		REQUEST("OPTIONS", 7, "", "Content-Length: 18446744073709551615\r\n"),
			"dormant body_length" } },
	{ "another coding", 0, { SETUP(1, UDP), OFFER,
		"<RTSP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", "dormant body_length" } },
	{ "two ports of the server's in an answer", 0, {
		SETUP(1, UDP ";server_port=11210-11211"), OFFER,
		ANSWERED(1, UDP ";server_port=11210-11211;server_port=6000-6001"),
			"refused unreadable; close 0" } },
	{ "two of them, in a header of two lines", 0, {
		SETUP(1, UDP), OFFER,
		ANSWERED(1, UDP_OK "\r\n ;server_port=6002-6003"),
			"offer 2 server 6000+; refused unreadable; close 0,2" } },
	{ "HTTP", 0, { ">POST / HTTP/1.1\r\nSETUP rtsp://h/m RTSP/1.0\r\n", "dormant http" } },
	{ "HTTP with a verb of RTSP's", 0, {
		">SETUP /m HTTP/1.1\r\nCSeq: 1\r\nTransport: " UDP "\r\n\r\n", "dormant http" } },
	{ "a tunnel in HTTP", 0, {
		">GET /m HTTP/1.0\r\nx-sessioncookie: a\r\n\r\n", "dormant http" } },
	{ "a first line that is too long", 0, {
		">OPTIONS rtsp://h/\201 RTSP/1.0\r\nCSeq: 1\r\n\r\n", "dormant not_rtsp" } },
	{ "a server of HTTP's", 0, {
		REQUEST("OPTIONS", 7, "", ""), "", "<HTTP/1.1 400 what\r\n", "dormant http" } },
	{ "a server of SSH's", 0, { "<SSH-2.0-x\r\n", "dormant not_rtsp" } },
	{ "TLS", 0, { ">\026\003\001\002\001\001\002\003\004\n", "dormant encrypted" } },
	{ "a line before the request", 0, { "> \r\n", "dormant not_rtsp" } },
	{ "requests that are none", 0, { ">setup rtsp://h/m RTSP/1.0\r\n", "dormant not_rtsp" } },
	{ "no URL", 0, { ">SETUP RTSP/1.0\r\n", "dormant not_rtsp" } },
	{ "another version", 0, { ">SETUP rtsp://h/m RTSP/10\r\n", "dormant not_rtsp" } },
	{ "TEARDOWN closes, and what comes late does not open", 0, {
		SETUP(1, UDP), OFFER, REQUEST("TEARDOWN", 2, "", ""), "close 0",
		ANSWERED(1, UDP_OK), "refused not_asked" } },
	{ "TEARDOWN in the middle of the answer", 0, {
		SETUP(1, UDP), OFFER,
		"<RTSP/1.0 200 OK\r\nCSeq: 1\r\nTransport: RTP/AVP;\r\n", "",
		REQUEST("TEARDOWN", 2, "", ""), "close 0",
		"< client_port=5000-5001;server_port=6000-6001\r\n\r\n", "refused not_asked" } },
	{ "PLAY of another session", ONE, {
		REQUEST("PLAY", 3, "", "Session: xyz\r\n"), "", ANSWER("200 OK", 3, ""), "" } },
	{ "TEARDOWN of another session", ONE, {
		REQUEST("TEARDOWN", 3, "", "Session: xyz\r\n"), "" } },
	{ "PLAY that was answered before", ONE, {
		REQUEST("PLAY", 3, "", IN_ABC), RENEW, ANSWER("200 OK", 3, ""),
			"open 0,2 again 90s",
		ANSWER("200 OK", 3, ""), "" } },
	{ "a number twice: the older one is answered", 0, {
		SETUP(1, UDP), OFFER, SETUP(1, UDP2), OFFER2,
		ANSWERED(1, UDP2_OK), "refused other_port; close 0",
		ANSWERED(1, UDP2_OK), OPEN2 } },
	{ "taken up: nothing opens to the client", RESUMED, {
		SETUP(1, UDP), "refused taken_over", ANSWERED(1, UDP_OK), "" } },
};

static unsigned int describe_holes(const struct alg_action *a, char *text, unsigned int size)
{
	u32 holes = 1U << a->hole | a->also;
	unsigned int i, n = 0;

	for (i = 0; i < RTSP_HOLES; i++)
		if (holes >> i & 1)
			n += snprintf(text + n, size - n, "%s%u", n ? "," : " ", i);
	return n;
}

static void describe_addr(const struct alg_addr *addr, char text[ALG_TEXT_MAX])
{
	rtsp_print(text, RTSP_FORM_ADDR, addr, 0);
}

static unsigned int describe_action(const struct alg_action *a, const char *text_written,
				    char *text, unsigned int size)
{
	char addr[ALG_TEXT_MAX];
	unsigned int n = 0;

	switch (a->act) {
	case ALG_CLOSE:
		n = snprintf(text, size, "close");
		return n + describe_holes(a, text + n, size - n);
	case ALG_OFFER:
		n = snprintf(text, size, "offer %u %s %u%s", a->hole,
			     a->end.to_client ? "client" : "server", a->end.port,
			     a->end.pair ? "+" : "");
		if (a->end.own == ALG_OWN_NOT) {
			describe_addr(&a->end.addr, addr);
			n += snprintf(text + n, size - n, " at %s", addr);
		}
		return n;
	case ALG_OPEN:
		n = snprintf(text, size, "open");
		n += describe_holes(a, text + n, size - n);
		if (a->again)
			n += snprintf(text + n, size - n, " again");
		if (a->seconds)
			n += snprintf(text + n, size - n, " %us", a->seconds);
		if (a->end.who == ALG_FROM_ADDR) {
			describe_addr(&a->end.from, addr);
			n += snprintf(text + n, size - n, " from %s", addr);
		}
		return n;
	case ALG_DORMANT:
		return snprintf(text, size, "dormant %s", rtsp_why_name(a->why));
	}
	return text_written[0] ? snprintf(text, size, "write \"%s\"", text_written) : 0;
}

static void describe(const struct run *r, unsigned int from, char *text, unsigned int size)
{
	unsigned int i, n = 0, more, texts;
	const struct event *e;
	const char *comma;

	text[0] = 0;
	for (; from < r->count; from++) {
		e = &r->events[from];
		comma = n ? "; " : "";
		texts = 0;
		for (i = 0; i < e->v.count; i++) {
			const struct alg_action *a = &e->v.action[i];
			char one[256];

			more = describe_action(a, a->act == ALG_REWRITE ? e->text[texts++] : "",
					       one, sizeof(one));
			if (!more)
				continue;
			n += snprintf(text + n, size - n, "%s%s", comma, one);
			comma = ", ";
		}
		if (e->v.why)
			n += snprintf(text + n, size - n, "%srefused %s", comma,
				      rtsp_why_name(e->v.why));
	}
}

static struct run whole, other;
static void ends_of(unsigned int flags, struct alg_ends *ends)
{
	static const struct alg_ends v4 = {
		.client = { { 4, { 10, 0, 0, 2 } }, { 4, { 192, 0, 2, 1 } } },
		.server = { { 4, { 10, 9, 0, 9 } }, { 4, { 203, 0, 113, 5 } } },
	}, v6 = {
		.client = { { 16, { 0xfd, [15] = 2 } }, { 16, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } },
		.server = { { 16, { 0xfd, [15] = 9 } }, { 16, { 0x20, 1, 0xd, 0xb8, [15] = 5 } } },
	};

	*ends = flags & V6 ? v6 : v4;
	if (flags & PUBLIC)
		memcpy(ends->server[0].b, "\306\063\144\011", 4);
	if (!(flags & SNAT))
		ends->client[1] = ends->client[0];
	if (!(flags & DNAT))
		ends->server[1] = ends->server[0];
	ends->loose = flags & DESTINATION;
	ends->loose_server = flags & SOURCE;
	ends->active = !(flags & RESUMED) || flags & TAKEOVER;
}

/* Returns the length. */
static unsigned int say(struct run *r, const char *text, enum cutting cut, u32 at)
{
	unsigned int len = 0, i;
	const char *s;
	u8 data[16384];

	for (s = text + 1; *s; s++) {
		if ((u8)*s == 0201) {
			memset(data + len, 'x', 512);
			len += 512;
		} else if ((u8)*s == 0202 || (u8)*s == 0203) {
			for (i = (u8)*s == 0202 ? 100 : 99; i; i--, len += 4)
				memcpy(data + len, "$\1\0\0", 4);
		} else {
			data[len++] = (u8)*s == 0200 ? 0 : *s;
		}
	}
	units_bytes(&r->u, text[0] == '<', data, len, cut, at);
	return len;
}

/* What comes before a dialogue's own steps */
static const char * const *first_steps(const struct dialogue *g)
{
	static const char * const none[] = { NULL };

	if (g->flags & TWO)
		return two_streams;
	return g->flags & ONE ? one_stream : none;
}

static void begin(struct run *r, const struct dialogue *g)
{
	struct alg_ends ends;

	ends_of(g->flags, &ends);
	run_init(r, &ends);
	if (g->flags & RESUMED)
		rtsp_resume(&r->r, 0);
}

static bool run_cut(const struct dialogue *g, enum cutting cut, u32 at)
{
	const char * const *s;
	int i;

	begin(&other, g);
	for (s = first_steps(g); *s; s += 2)
		say(&other, *s, cut, at);
	for (s = g->steps; *s; s += 2)
		say(&other, *s, cut, at);
	i = run_differ(&whole, &other);
	if (i >= 0)
		printf("# cut %u at %u: decision %d is another one\n", cut, at, i);
	return i < 0;
}

static void test(const struct dialogue *g, const char *kind)
{
	unsigned int from, at, len, longest = 0;
	const char * const *s;
	char got[4096];
	bool good = true;

	begin(&whole, g);
	for (s = first_steps(g); *s; s += 2)
		say(&whole, *s, CUT_NOT, 0);
	for (s = g->steps; *s; s += 2) {
		from = whole.count;
		len = say(&whole, *s, CUT_NOT, 0);
		describe(&whole, from, got, sizeof(got));
		if (strcmp(got, s[1])) {
			printf("# step %d: got \"%s\", wanted \"%s\"\n", (int)(s - g->steps) / 2,
			       got, s[1]);
			good = false;
		}
		if (len > longest)
			longest = len;
	}
	good &= run_cut(g, CUT_BYTES, 0);
	for (at = 1; at < longest && good; at++)
		good &= run_cut(g, CUT_AT, at) && run_cut(g, CUT_REWIND, at);
	ok(good, kind, g->name);
}

static void one(bool reply, const char *text)
{
	units_bytes(&whole.u, reply, (const u8 *)text, strlen(text), CUT_NOT, 0);
}

static void fresh(unsigned int flags)
{
	struct alg_ends ends;

	ends_of(flags, &ends);
	run_init(&whole, &ends);
}

/* Does the last verdict open a hole, which was not open? */
static bool opens(void)
{
	const struct alg_verdict *v;
	unsigned int i;

	if (!whole.count)
		return false;
	v = &whole.events[whole.count - 1].v;
	for (i = 0; i < v->count; i++)
		if (v->action[i].act == ALG_OPEN)
			return true;
	return false;
}

#define SETUP_N		"SETUP rtsp://h/m%u RTSP/1.0\r\nCSeq: %u\r\nTransport: " UDP "\r\n\r\n"
#define ANSWERED_N	"RTSP/1.0 200 OK\r\nCSeq: %u\r\nSession: %u\r\nTransport: " UDP "\r\n\r\n"

static void test_many(void)
{
	unsigned int i, opened = 0;
	char text[200];

	fresh(0);
	for (i = 0; i < 10000; i++) {
		whole.count = 0;
		units_again(&whole.u);
		snprintf(text, sizeof(text), SETUP_N, i, i);
		one(false, text);
		snprintf(text, sizeof(text), ANSWERED_N, i, i);
		one(true, text);
		opened += opens();
	}
	ok(opened == i, "", "10000 sessions on one connection, none of which is torn down");
	fresh(0);
	for (i = 0; i < 70000; i++) {
		whole.count = 0;
		units_again(&whole.u);
		snprintf(text, sizeof(text), SETUP_N, i, i % 7000);
		one(false, text);
	}
	snprintf(text, sizeof(text), ANSWERED_N, (i - 1) % 7000, 1);
	one(true, text);
	ok(opens(), "", "70000 SETUPs without an answer, and then one");
}

static bool hold(const char *before, bool reply, const char *part)
{
	fresh(SNAT);
	one(false, before);
	one(reply, part);
	return rtsp_hold(&whole.r, reply, &whole.u.line[reply]);
}

static void test_hold(void)
{
#define OK200	"RTSP/1.0 200 OK\r\n"
	ok(hold(BEGUN, false, "t") && hold(BEGUN, false, "TRANSPORT") &&
	   hold(BEGUN, false, "Transport :") && hold(BEGUN, false, "Transport: RTP/AVP;cl") &&
	   hold(BEGUN "Transport: a;\r\n", false, " client_"), "",
	   "half a Transport of the client's is to be held back");
	ok(!hold(BEGUN, false, "") && !hold(BEGUN, false, "Transport x") &&
	   !hold(BEGUN "X: a\r\n", false, " client_") && !hold(BEGUN, false, "Session: 1") &&
	   !hold("OPTIONS * RTSP/1.0\r\n", false, "Trans") &&
	   !hold(ASKED, false, "Trans") && !hold("GET / HTTP/1.0\r\n", false, "T"), "",
	   "other lines of the client's are not");
	ok(hold(ASKED, true, OK200 "Tra") && hold(ASKED, true, OK200 "Transport:\r\n R"), "",
	   "half a Transport of the answer is");
	ok(!hold(ASKED, true, "RTSP/1.0 461 no\r\nTra") && !hold(ASKED, true, OK200 "CSeq") &&
	   !hold(ASKED, true, "") && !hold("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", true,
					  OK200 "Tra"), "", "other answers are not");
}

/* What another state goes on with, and then a SETUP that is answered */
static bool goes_on(const char *before, const char *answer)
{
	u8 saved;

	fresh(0);
	one(false, before);
	one(true, answer);
	saved = rtsp_save(&whole.r);
	if (!saved || saved & 0x80)
		return false;
	memset(&whole.r, 0, sizeof(whole.r));
	rtsp_resume(&whole.r, saved);
	units_fresh(&whole.u);
	one(false, ASKED);
	one(true, OK200 "CSeq: 1\r\nTransport: " UDP "\r\n\r\n");
	return opens();
}

static bool cannot_go_on(const char *before, const char *answer)
{
	fresh(0);
	one(false, before);
	one(true, answer);
	return !rtsp_save(&whole.r);
}

static void test_save(void)
{
#define OPTIONS	"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
#define ANSWER1	"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
	ok(goes_on("", "") && goes_on(OPTIONS, ANSWER1) && goes_on(ASKED, "RTSP/1.0 461 no\r\n"
	   "CSeq: 1\r\n\r\n"), "", "a dialogue that waits for nothing goes on later");
	ok(cannot_go_on(ASKED, "") && cannot_go_on(BEGUN, "") && cannot_go_on(OPTIONS, OK200) &&
	   cannot_go_on(ASKED, OK200 "CSeq: 1\r\nTransport: " UDP "\r\n\r\n") &&
	   cannot_go_on("PLAY * RTSP/1.0\r\nCSeq: 1\r\n\r\n", "") &&
	   cannot_go_on(ASKED, OK200 "CSeq: 1\r\nTransport: " TCP "\r\n\r\n") &&
	   cannot_go_on(OPTIONS, ANSWER1 "$\1\1\1"), "",
	   "one with a session, an answer to come, or frames cannot");
}

static void test_print(void)
{
	const struct alg_addr v4 = { 4, { 255, 255, 255, 255 } };
	struct alg_addr v6 = { .len = 16 };
	char text[ALG_TEXT_MAX];

	memset(v6.b, 0xff, sizeof(v6.b));
	ok(rtsp_print(text, RTSP_FORM_PORT, &v4, 1024) == 4 && !strcmp(text, "1024") &&
	   rtsp_print(text, RTSP_FORM_PORT | RTSP_FORM_NEXT, &v4, 65534) == 5 &&
	   !strcmp(text, "65535"), "", "a port, and the next one");
	ok(rtsp_print(text, RTSP_FORM_ADDR, &v4, 0) == 15 && !strcmp(text, "255.255.255.255") &&
	   rtsp_print(text, RTSP_FORM_ADDR | RTSP_FORM_PORT, &v4, 65535) == 21 &&
	   !strcmp(text, "255.255.255.255:65535"), "", "addresses of IPv4");
	ok(rtsp_print(text, RTSP_FORM_ADDR, &v6, 0) == 39 &&
	   rtsp_print(text, RTSP_FORM_ADDR | RTSP_FORM_BRACKETS, &v6, 0) == 41 &&
	   rtsp_print(text, RTSP_FORM_ADDR | RTSP_FORM_PORT | RTSP_FORM_NEXT, &v6, 65534) == 47 &&
	   !strcmp(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"), "",
	   "addresses of IPv6");
	v6.len = 0;
	ok(!rtsp_print(text, RTSP_FORM_ADDR, &v6, 1) && !rtsp_print(text, 0, &v4, 1), "",
	   "what cannot be written is not");
}

static bool shows(bool reply, const char *text, const char *wanted)
{
	return log_shows(&rtsp_protocol, reply, text, wanted);
}

/* Two streams of a session, whose URLs differ in one byte: the second one closes nothing. */
static void test_urls(void)
{
	static const char setup[] = "SETUP rtsp://%s RTSP/1.0\r\nCSeq: %u\r\nTransport: " UDP "\r\n\r\n";
	static const char answer[] =
		"RTSP/1.0 200 OK\r\nCSeq: %u\r\nSession: 1\r\nTransport: " UDP "\r\n\r\n";
	char all[] = "0123456789abcdefghijklm", text[200], *url;
	unsigned int len, at, i, bad = 0;

	for (len = 1; len < sizeof(all); len++) {
		url = all + sizeof(all) - 1 - len;
		for (at = 0; at < len; at++) {
			fresh(0);
			for (i = 0; i < 2; i++) {
				url[at] ^= i;
				snprintf(text, sizeof(text), setup, url, i + 1);
				url[at] ^= i;
				one(false, text);
				snprintf(text, sizeof(text), answer, i + 1);
				one(true, text);
			}
			bad += !whole.hole[0].open || !whole.hole[RTSP_STREAM_HOLES].open;
		}
	}
	ok(!bad, "", "streams of URLs that differ in one byte are two");
}

static void test_show(void)
{
	ok(shows(false, "Authorization: Basic x\r\n", "Authorization") &&
	   shows(false, "SETUP rtsp://a:b@h/m RTSP/1.0\r\n", "SETUP") &&
	   shows(true, "Session: 1\r\n", "Session") && shows(false, " secret\r\n", "") &&
	   shows(false, "secretsecretsecretsecretsecret", "secretsecretsecretsecret"), "",
	   "passwords and names are not shown");
	ok(shows(false, "Transport: " UDP "\r\n", "Transport: " UDP) &&
	   shows(true, "CSeq: 1\r\n", "CSeq: 1") &&
	   shows(true, "RTSP/1.0 200 OK\n", "RTSP/1.0 200 OK") &&
	   shows(false, "\n", ""), "", "what is about holes is");
}

int main(void)
{
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < ARRAY_SIZE(benign); i++)
		test(&benign[i], "benign: ");
	for (i = 0; i < ARRAY_SIZE(hostile); i++)
		test(&hostile[i], "hostile: ");
	test_many();
	test_urls();
	test_hold();
	test_save();
	test_print();
	test_names(&rtsp_protocol, RTSP_WHY_END);
	test_show();
	printf("1..%u\n", tests);
	return !!failed;
}
