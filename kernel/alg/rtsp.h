/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What two ends of an RTSP control connection agree on, on plain values: no
 * skb, no lock, any context. tests/fuzz/ compiles rtsp.c as it is.
 */
#ifndef _NF_ALG_RTSP_H
#define _NF_ALG_RTSP_H

#include <linux/types.h>

#include "protocol.h"

/* Streams of a connection, in any number of sessions: older ones are closed */
#define RTSP_STREAMS	6
/*
 * Holes of a stream: to the client and to the server, each a pair of ports, or
 * two that are none
 */
#define RTSP_ENDS	2
#define RTSP_PORTS	2
#define RTSP_STREAM_HOLES	(RTSP_ENDS * RTSP_PORTS)
#define RTSP_HOLES	(RTSP_STREAMS * RTSP_STREAM_HOLES)
/* PLAYs and RECORDs that may wait for their answer */
#define RTSP_PENDING	4
/* Ports and addresses in a line that are read */
#define RTSP_FOUND	ALG_REWRITES
/* Frames of media after which nobody is waited for to ask for UDP */
#define RTSP_FRAMES_MAX	100
/* What a server may ask for as a session's timeout, in seconds */
#define RTSP_TIMEOUT_MAX	3600

/**
 * enum rtsp_form - how a port or an address is written, as bits
 * @RTSP_FORM_PORT: with a port
 * @RTSP_FORM_NEXT: the port is the second one of a pair
 * @RTSP_FORM_ADDR: with an address
 * @RTSP_FORM_BRACKETS: in brackets, if it is IPv6's
 */
enum rtsp_form {
	RTSP_FORM_PORT = 1,
	RTSP_FORM_NEXT = 2,
	RTSP_FORM_ADDR = 4,
	RTSP_FORM_BRACKETS = 8,
};

/**
 * enum rtsp_why - why a connection is left alone, or nothing is opened
 * @RTSP_WHY_NONE: it is not so
 * @RTSP_WHY_START: neither a request of RTSP's nor an answer
 * @RTSP_WHY_HTTP: one of HTTP's: a tunnel, or something else
 * @RTSP_WHY_SECURE: TLS
 * @RTSP_WHY_LENGTH: nobody knows how long a body is
 * @RTSP_WHY_TEXT: a Transport cannot be read, or is too long, or an answer has
 *	several
 * @RTSP_WHY_CSEQ: a SETUP without a number, or an answer whose number comes too
 *	late and is another one
 * @RTSP_WHY_FAMILY: an address of IPv4 in a dialogue over IPv6, or vice versa
 * @RTSP_WHY_PORT: under ALG_PORT_MIN
 * @RTSP_WHY_DESTINATION: an address that is not the client's
 * @RTSP_WHY_OUTER: the client's own as only the server knows it
 * @RTSP_WHY_SOURCE: an address that is not the server's
 * @RTSP_WHY_CHANGED: the answer has other ports than the SETUP
 * @RTSP_WHY_ASKED: an answer with a Transport to no SETUP
 * @RTSP_WHY_TAKEOVER: another gateway began with this dialogue
 * @RTSP_WHY_FRAMES: media come in the control connection, and none over UDP
 * @RTSP_WHY_END: none of these
 */
enum rtsp_why {
	RTSP_WHY_NONE = ALG_WHY_NONE,
	RTSP_WHY_START = ALG_WHY_PROTOCOL,
	RTSP_WHY_HTTP,
	RTSP_WHY_SECURE,
	RTSP_WHY_LENGTH,
	RTSP_WHY_TEXT,
	RTSP_WHY_CSEQ,
	RTSP_WHY_FAMILY,
	RTSP_WHY_PORT,
	RTSP_WHY_DESTINATION,
	RTSP_WHY_OUTER,
	RTSP_WHY_SOURCE,
	RTSP_WHY_CHANGED,
	RTSP_WHY_ASKED,
	RTSP_WHY_TAKEOVER,
	RTSP_WHY_FRAMES,
	RTSP_WHY_END,
};

/**
 * struct rtsp_stream - what one SETUP is about
 * @state: enum of rtsp.c: free, asked for, or open
 * @refused: it will not be opened; why was said
 * @holes: which of its RTSP_STREAM_HOLES are offered or open, a bit each: the
 *	client's two, the server's two
 * @pair: of each end: the first of its holes is a pair
 * @port: the client's, as it says them; 0: none
 * @timeout: of its session, in seconds; 0: not said
 * @used: by rtsp.clock
 * @cseq: of its SETUP
 * @session: rtsp_hash() of its session, or 0
 * @url: rtsp_hash() of what it is about
 */
struct rtsp_stream {
	u8 state;
	bool refused;
	u8 holes;
	bool pair[RTSP_ENDS];
	u16 port[RTSP_PORTS];
	u16 timeout;
	u32 used;
	u32 cseq;
	u32 session;
	u32 url;
};

/**
 * struct rtsp_side - the message that an end sends
 * @state: enum of rtsp.c: what comes next
 * @kind: enum of rtsp.c: what kind of message it is
 * @header: enum of rtsp.c: of the header that the last line was of
 * @bad: enum rtsp_why: it opens nothing
 * @has_cseq: there is a number; it is @cseq
 * @has_length: there is a Content-Length; it is @length
 * @specs: transports so far in it, up to 255
 * @udp: the last one of them is over UDP, to one address
 * @no_udp: there is one that is not
 * @from_other: @from is the address media come from
 * @code: of an answer
 * @timeout: of the session, or 0
 * @stream: of a SETUP, or of the answer to one: the number of its stream, and 1
 * @cseq: see @has_cseq
 * @length: see @has_length
 * @session: rtsp_hash(), or 0
 * @url: of a request: rtsp_hash()
 * @from: see @from_other
 */
struct rtsp_side {
	u8 state;
	u8 kind;
	u8 header;
	u8 bad;
	bool has_cseq;
	bool has_length;
	u8 specs;
	bool udp;
	bool no_udp;
	bool from_other;
	u16 code;
	u16 timeout;
	u8 stream;
	u32 cseq;
	u32 length;
	u32 session;
	u32 url;
	struct alg_addr from;
};

/**
 * struct rtsp_pending - a PLAY or RECORD without an answer
 * @used: there is one
 * @cseq: its number
 * @session: what it is about, or 0: all
 */
struct rtsp_pending {
	bool used;
	u32 cseq;
	u32 session;
};

/**
 * struct rtsp - a dialogue; all zero at its beginning
 * @why: enum rtsp_why; not 0 if the connection is dormant
 * @asked: the client has sent a request
 * @trusted: and the server an answer, so that both speak RTSP
 * @inherited: there may be holes from before
 * @frames: how many frames there were between messages, up to RTSP_FRAMES_MAX;
 *	at least 1 if some are to come
 * @next: of @pending, which one is used next
 * @clock: requests
 * @side: the client's, and the server's
 * @stream: them
 * @pending: them
 */
struct rtsp {
	u8 why;
	bool asked;
	bool trusted;
	bool inherited;
	u8 frames;
	u8 next;
	u32 clock;
	struct rtsp_side side[2];
	struct rtsp_stream stream[RTSP_STREAMS];
	struct rtsp_pending pending[RTSP_PENDING];
};

extern const struct alg_protocol rtsp_protocol;

void rtsp_unit(void *dialogue, bool reply, const struct alg_line *line,
	       const struct alg_ends *ends, struct alg_verdict *v);
bool rtsp_hold(const void *dialogue, bool reply, const struct alg_line *line);
u8 rtsp_save(const void *dialogue);
void rtsp_resume(void *dialogue, u8 saved);
unsigned int rtsp_show(bool reply, const struct alg_line *line);
const char *rtsp_why_name(u8 why);
int rtsp_print(char text[ALG_TEXT_MAX], u8 form, const struct alg_addr *addr,
	       u16 port);

#endif /* _NF_ALG_RTSP_H */
