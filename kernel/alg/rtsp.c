// SPDX-License-Identifier: GPL-2.0-only
/*
 * RTSP's dialogue (RFC 2326, RFC 7826): to which ports have both ends agreed to
 * send media?
 *
 * A SETUP of the client's offers ports of its own; the 2xx with its number
 * (CSeq) says which transport it is, and the server's ports. That opens both,
 * until the session has had no request for as long as its timeout is, or
 * TEARDOWN. What came through a hole may come once more when the server says
 * yes to PLAY or RECORD: the tracker has forgotten it, perhaps.
 *
 * A message's headers are read line by line, and a Transport is written anew
 * where it stands. So of an answer nothing has to wait for the number, which
 * may come behind it: then the ports say which SETUP it is to. What opens, opens
 * at the message's end. A body and a frame of media ($) are passed by.
 *
 * The server's requests, and the client's answers to them, are read for their
 * length only.
 */

#include <linux/kernel.h>
#include <linux/string.h>

#include "rtsp.h"
#include "text.h"

/* rtsp_stream.state */
enum {
	STREAM_FREE,
	STREAM_NEW,	/* its SETUP has not been read as a whole */
	STREAM_ASKED,
	STREAM_OPEN,
};

/* rtsp_side.state */
enum {
	SIDE_START,
	SIDE_HEADERS,
	SIDE_LOST,	/* something else; a message may still come */
};

/* rtsp_side.kind */
enum {
	KIND_OTHER,
	KIND_SETUP,
	KIND_PLAY,	/* or RECORD */
	KIND_TEARDOWN,
	KIND_ANSWER,	/* of the server's */
};

/* rtsp_side.header */
enum {
	HEADER_OTHER,
	HEADER_TRANSPORT,
	HEADER_SESSION,
	HEADER_CSEQ,
	HEADER_LENGTH,
	HEADER_CODING,
};

/* Whose port or address is it? Also the number of its holes' first, by pairs */
enum {
	OF_CLIENT,
	OF_SERVER,
};

/*
 * A port, or an address, or both, in a line.
 *
 * @of: whose
 * @nth: of the ports of its kind
 * @form: enum rtsp_form
 * @at: where in the line
 * @len: how much
 * @port: with RTSP_FORM_PORT
 * @addr: with RTSP_FORM_ADDR
 */
struct rtsp_found {
	u8 of;
	u8 nth;
	u8 form;
	u16 at;
	u16 len;
	u16 port;
	struct alg_addr addr;
};

/*
 * What a line of a Transport has.
 *
 * @count: of @found
 * @spec: those before it are of other transports
 * @why: enum rtsp_why
 */
struct rtsp_transport {
	u8 count;
	u8 spec;
	u8 why;
	struct rtsp_found found[RTSP_FOUND];
};

/* --- text --- */

/*
 * Of texts that a connection compares with its own. By eight bytes, which a
 * product alone would lose the upper ones of; so its upper half comes down
 * after each.
 */
static u32 rtsp_hash(const u8 *s, unsigned int len)
{
	u64 hash = len, part;
	unsigned int n;

	for (; len; len -= n, s += n) {
		n = len < sizeof(part) ? len : sizeof(part);
		part = 0;
		memcpy(&part, s, n);
		hash = (hash ^ part) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 32;
	}
	return (u32)hash ? (u32)hash : 1;
}

static bool is_blank(u8 c)
{
	return c == ' ' || c == '\t';
}

static void text_blanks(struct alg_text *t)
{
	while (t->at < t->len && is_blank(t->s[t->at]))
		t->at++;
}

/* Without regard to case */
static bool is_same(const u8 *s, const char *word, unsigned int len)
{
	while (len--)
		if (s[len] != word[len] &&
		    to_upper(s[len]) != to_upper(word[len]))
			return false;
	return true;
}

/* Is this part of a text that word, a constant? */
static __always_inline bool is_word(const u8 *s, unsigned int len,
				    const char *word)
{
	return len == strlen(word) && is_same(s, word, len);
}

/* A number of any digits, and no more than blanks behind it */
static bool text_value(struct alg_text *t, u32 max, u32 *value)
{
	unsigned int start = t->at;
	u64 n = 0;

	while (t->at < t->len && is_digit(t->s[t->at])) {
		n = n * 10 + t->s[t->at++] - '0';
		if (n > max)
			return false;
	}
	if (t->at == start)
		return false;
	*value = n;
	text_blanks(t);
	return t->at == t->len;
}

/* --- streams --- */

static unsigned int stream_number(const struct rtsp *r,
				  const struct rtsp_stream *s)
{
	return s - r->stream;
}

static unsigned int hole_number(const struct rtsp *r,
				const struct rtsp_stream *s, u8 of)
{
	return stream_number(r, s) * RTSP_STREAM_HOLES + of * RTSP_PORTS;
}

/* All of a stream's holes, as bits of a connection's */
static u32 stream_holes(const struct rtsp *r, const struct rtsp_stream *s)
{
	return (u32)s->holes << hole_number(r, s, OF_CLIENT);
}

/* Does so to all of these holes. Returns %NULL if there is none. */
static struct alg_action *act_on(struct alg_verdict *v, u8 act, u32 holes)
{
	unsigned int first = 0;
	struct alg_action *a;

	if (!holes)
		return NULL;
	while (!(holes >> first & 1))
		first++;
	a = alg_action_add(v, act, first);
	a->also = holes & ~(1U << first);
	return a;
}

static void stream_free(struct rtsp *r, struct rtsp_stream *s,
			struct alg_verdict *v)
{
	act_on(v, ALG_CLOSE, stream_holes(r, s));
	memset(s, 0, sizeof(*s));
}

/* Nothing opens for this SETUP: its answer is still waited for. */
static void stream_refuse(struct rtsp *r, struct rtsp_stream *s,
			  struct alg_verdict *v, u8 why)
{
	act_on(v, ALG_CLOSE, stream_holes(r, s));
	s->holes = 0;
	s->refused = true;
	v->why = why;
}

/* A free one, or the one that was not used for longest */
static struct rtsp_stream *stream_new(struct rtsp *r, struct alg_verdict *v)
{
	struct rtsp_stream *s, *oldest = r->stream;

	for (s = r->stream; s < r->stream + RTSP_STREAMS; s++) {
		if (s->state == STREAM_FREE) {
			oldest = s;
			break;
		}
		if (r->clock - s->used > r->clock - oldest->used)
			oldest = s;
	}
	stream_free(r, oldest, v);
	oldest->state = STREAM_NEW;
	oldest->used = r->clock;
	return oldest;
}

/* The oldest SETUP without an answer, of this number if @cseq */
static struct rtsp_stream *stream_asked(struct rtsp *r, const u32 *cseq)
{
	struct rtsp_stream *s, *found = NULL;

	for (s = r->stream; s < r->stream + RTSP_STREAMS; s++)
		if (s->state == STREAM_ASKED && (!cseq || s->cseq == *cseq) &&
		    (!found || r->clock - s->used > r->clock - found->used))
			found = s;
	return found;
}

/* A SETUP without an answer that offers this port, as the server knows it */
static struct rtsp_stream *stream_of_port(struct rtsp *r, u16 port,
					  const struct alg_ends *ends)
{
	struct rtsp_stream *s;

	for (s = r->stream; s < r->stream + RTSP_STREAMS; s++)
		if (s->state == STREAM_ASKED && s->holes & 1 &&
		    ends->port[hole_number(r, s, OF_CLIENT)] == port)
			return s;
	return NULL;
}

/* Of a session, or of all of them; one that is not open has none yet. */
static bool is_of_session(const struct rtsp_stream *s, u32 session)
{
	return s->state != STREAM_FREE && (!session || s->session == session);
}

/*
 * What is open of a session, or of all of them, lives on; with @again, what
 * came through it may come once more.
 */
static void session_renew(struct rtsp *r, u32 session, bool again,
			  struct alg_verdict *v)
{
	struct rtsp_stream *s;
	struct alg_action *a;
	u16 timeout = 0;
	u32 holes = 0;

	for (s = r->stream; s < r->stream + RTSP_STREAMS; s++) {
		if (s->state != STREAM_OPEN || !is_of_session(s, session))
			continue;
		holes |= stream_holes(r, s);
		timeout = s->timeout;
		s->used = r->clock;
	}
	a = act_on(v, ALG_OPEN, holes);
	if (!a)
		return;
	a->again = again;
	a->seconds = timeout;
}

/* Those of this URL, or if that is none of the session's, all of it */
static void session_teardown(struct rtsp *r, const struct rtsp_side *m,
			     struct alg_verdict *v)
{
	struct rtsp_stream *s, *spare = NULL;
	bool one = false;
	u32 holes = 0;

	for (s = r->stream; s < r->stream + RTSP_STREAMS; s++)
		one |= is_of_session(s, m->session) && s->url == m->url;
	for (s = r->stream; s < r->stream + RTSP_STREAMS; s++) {
		if (is_of_session(s, m->session) &&
		    (!one || s->url == m->url)) {
			holes |= stream_holes(r, s);
			memset(s, 0, sizeof(*s));
		}
		if (s->state == STREAM_FREE)
			spare = s;
	}
	/* What came from another gateway goes with any hole. */
	if (!holes && r->inherited && spare)
		holes = 1U << hole_number(r, spare, OF_CLIENT);
	if (holes)
		r->inherited = false;
	act_on(v, ALG_CLOSE, holes);
}

/* Let it alone from now on */
static noinline void dormant(struct rtsp *r, struct alg_verdict *v, u8 why)
{
	memset(r->stream, 0, sizeof(r->stream));
	r->why = why;
	alg_action_add(v, ALG_DORMANT, 0)->why = why;
}

/* --- a Transport --- */

static struct rtsp_found *add_found(struct rtsp_transport *l, u8 of, u8 nth,
				    u8 form)
{
	struct rtsp_found *f;

	if (l->count == RTSP_FOUND) {
		l->why = RTSP_WHY_TEXT;
		return &l->found[RTSP_FOUND - 1];
	}
	f = &l->found[l->count++];
	memset(f, 0, sizeof(*f));
	f->of = of;
	f->nth = nth;
	f->form = form;
	return f;
}

/*
 * RTP/AVP, RTP/AVP/UDP, MP2T/H2221/UDP, RAW/RAW/UDP and the like: over UDP? ICE
 * finds its own ways.
 */
static bool is_udp(const u8 *s, unsigned int len)
{
	unsigned int i, parts = 1, first = len, last = 0;

	for (i = 0; i < len; i++) {
		if (s[i] != '/')
			continue;
		if (parts++ == 1)
			first = i;
		last = i + 1;
	}
	if (parts > 3 || is_word(s, first, "D-ICE"))
		return false;
	return is_word(s + last, len - last, "UDP") ||
	       (parts == 2 && is_word(s, first, "RTP"));
}

/* One or two ports: 5000, 5000-5001, or 5000/5004 */
static void read_ports(struct rtsp_transport *l, struct alg_text *t, u8 of)
{
	unsigned int nth, start, port;
	struct rtsp_found *f;

	for (nth = 0; nth < RTSP_PORTS; nth++) {
		text_blanks(t);
		start = t->at;
		if (!text_number(t, 5, &port) || port > 65535 ||
		    t->at > t->len)
			break;
		f = add_found(l, of, nth, RTSP_FORM_PORT);
		f->at = start;
		f->len = t->at - start;
		f->port = port;
		text_blanks(t);
		if (t->at == t->len)
			return;
		if (!text_take(t, '-') && !text_take(t, '/'))
			break;
	}
	l->why = RTSP_WHY_TEXT;
}

/* An address of any kind, perhaps with a port behind it, or that alone */
static bool read_endpoint(struct rtsp_transport *l, struct alg_text *t, u8 of,
			  u8 nth)
{
	unsigned int start = t->at, port = 0;
	struct alg_addr addr = {};
	u8 form = RTSP_FORM_ADDR;
	struct rtsp_found *f;

	if (text_peek(t) == ':' && t->s[t->at + 1] != ':') {
		form = 0;
	} else if (text_take(t, '[')) {
		form |= RTSP_FORM_BRACKETS;
		addr.len = 16;
		if (!read_ipv6(t, addr.b) || !text_take(t, ']'))
			return false;
	} else {
		addr.len = 4;
		if (!read_dotted(t, addr.b)) {
			memset(&addr, 0, sizeof(addr));
			addr.len = 16;
			t->at = start;
			if (!read_ipv6(t, addr.b))
				return false;
		}
	}
	if (t->at < t->len && text_take(t, ':')) {
		if (!form)
			start = t->at;
		if (!text_number(t, 5, &port) || port > 65535)
			return false;
		form |= RTSP_FORM_PORT;
	}
	if (!form || t->at > t->len)
		return false;
	f = add_found(l, of, nth, form);
	f->at = start;
	f->len = t->at - start;
	f->port = port;
	f->addr = addr;
	return true;
}

/* "address:port"/"address:port" */
static void read_endpoints(struct rtsp_transport *l, struct alg_text *t, u8 of)
{
	unsigned int nth;
	bool quoted;

	for (nth = 0; nth < RTSP_PORTS; nth++) {
		text_blanks(t);
		quoted = text_take(t, '"');
		if (!read_endpoint(l, t, of, nth) ||
		    (quoted && !text_take(t, '"')))
			break;
		text_blanks(t);
		if (t->at == t->len)
			return;
		if (!text_take(t, '/'))
			break;
	}
	l->why = RTSP_WHY_TEXT;
}

/*
 * One address. Where a name stands instead of one, an answer is as good as
 * without it.
 */
static void read_addr(struct rtsp_transport *l, struct alg_text *t, u8 of,
		      bool reply)
{
	u8 count = l->count;

	text_blanks(t);
	if (t->at == t->len)
		return;
	if (read_endpoint(l, t, of, 0)) {
		text_blanks(t);
		if (t->at == t->len)
			return;
	}
	l->count = count;
	if (!reply)
		l->why = RTSP_WHY_TEXT;
}

/* Without the quotes around all of it */
static void unquote(struct alg_text *t)
{
	text_blanks(t);
	while (t->len > t->at && is_blank(t->s[t->len - 1]))
		t->len--;
	if (t->len > t->at + 1 && t->s[t->at] == '"' &&
	    t->s[t->len - 1] == '"') {
		t->at++;
		t->len--;
	}
}

/* This transport is none that anything has to be opened for. */
static void not_udp(struct rtsp_side *m, struct rtsp_transport *l)
{
	m->udp = false;
	m->no_udp = true;
	l->count = l->spec;
}

/* A name, and its value in @t */
static void read_parameter(struct rtsp_side *m, struct rtsp_transport *l,
			   const u8 *name, unsigned int len,
			   struct alg_text *t, bool reply)
{
	if (is_word(name, len, "interleaved"))
		not_udp(m, l);
	if (!m->udp)
		return;
	if (is_word(name, len, "client_port")) {
		unquote(t);
		read_ports(l, t, OF_CLIENT);
	} else if (is_word(name, len, "server_port")) {
		unquote(t);
		read_ports(l, t, OF_SERVER);
	} else if (is_word(name, len, "destination")) {
		unquote(t);
		read_addr(l, t, OF_CLIENT, reply);
	} else if (is_word(name, len, "source")) {
		unquote(t);
		read_addr(l, t, OF_SERVER, reply);
	} else if (is_word(name, len, "dest_addr")) {
		read_endpoints(l, t, OF_CLIENT);
	} else if (is_word(name, len, "src_addr")) {
		read_endpoints(l, t, OF_SERVER);
	}
}

/* What stands between two of ; and , and its name before @name_end */
static void read_element(struct rtsp_side *m, struct rtsp_transport *l,
			 const u8 *s, unsigned int at, unsigned int name_end,
			 unsigned int end, bool reply)
{
	struct alg_text t = { .s = s, .at = name_end + 1, .len = end };

	while (name_end > at && is_blank(s[name_end - 1]))
		name_end--;
	if (t.at <= end) {
		read_parameter(m, l, s + at, name_end - at, &t, reply);
	} else if (memchr(s + at, '/', name_end - at)) {
		if (m->specs < U8_MAX)
			m->specs++;
		m->udp = is_udp(s + at, name_end - at);
		l->spec = l->count;
		if (!m->udp)
			m->no_udp = true;
	} else if (is_word(s + at, name_end - at, "multicast")) {
		not_udp(m, l);
	}
}

/* A line of a Transport, from a place on */
static void read_transport(struct rtsp_side *m, struct rtsp_transport *l,
			   const struct alg_line *line, unsigned int at,
			   bool reply)
{
	const u8 *s = line->text;
	unsigned int end, name_end;
	bool quoted;

	l->count = 0;
	l->spec = 0;
	l->why = line->cut ? RTSP_WHY_TEXT : RTSP_WHY_NONE;
	while (at < line->len && !l->why) {
		if (is_blank(s[at]) || s[at] == ';' || s[at] == ',') {
			at++;
			continue;
		}
		quoted = false;
		name_end = 0;
		for (end = at; end < line->len; end++) {
			u8 c = s[end];

			if (c > '=')
				continue;
			if (!quoted && (c == ';' || c == ','))
				break;
			if (c == '"')
				quoted = !quoted;
			if (!name_end && (c == '=' || c == '"'))
				name_end = end;
		}
		if (quoted)
			l->why = RTSP_WHY_TEXT;
		else
			read_element(m, l, s, at, name_end ? name_end : end,
				     end, reply);
		at = end;
	}
}

/* --- holes --- */

/* Is this the first port of an end, and which is the other one? 0: none */
static bool is_first(const struct rtsp_transport *l, unsigned int i, u8 of,
		     u16 port[RTSP_PORTS])
{
	const struct rtsp_found *f = &l->found[i];

	if (f->of != of || f->nth || !(f->form & RTSP_FORM_PORT))
		return false;
	port[0] = f->port;
	port[1] = 0;
	if (i + 1 < l->count && f[1].of == of && f[1].nth == 1 && f->port)
		port[1] = f[1].port;
	return true;
}

static bool is_low(const u16 port[RTSP_PORTS])
{
	return port[0] && (port[0] < ALG_PORT_MIN ||
			   (port[1] && port[1] < ALG_PORT_MIN));
}

/* Offers an end's ports, as a pair if they are one. */
static void offer(struct rtsp *r, struct rtsp_stream *s, u8 of,
		  const u16 port[RTSP_PORTS], const struct alg_endpoint *end,
		  struct alg_verdict *v)
{
	unsigned int i, first = hole_number(r, s, of);
	struct alg_action *a;

	s->pair[of] = port[1] && !(port[0] & 1) && port[1] == port[0] + 1;
	for (i = 0; i < RTSP_PORTS; i++) {
		if (!port[i] || (i && (s->pair[of] || port[1] == port[0])))
			continue;
		a = alg_action_add(v, ALG_OFFER, first + i);
		a->end = *end;
		a->end.port = port[i];
		a->end.pair = s->pair[of];
		s->holes |= 1U << (of * RTSP_PORTS + i);
	}
}

/* The hole of an end's port, and whether it is the second one of a pair */
static unsigned int hole_of(const struct rtsp *r, const struct rtsp_stream *s,
			    const struct rtsp_found *f, u8 *form)
{
	*form = f->form;
	if (!f->nth)
		return hole_number(r, s, f->of);
	if (!s->pair[f->of])
		return hole_number(r, s, f->of) + 1;
	*form |= RTSP_FORM_NEXT;
	return hole_number(r, s, f->of);
}

static bool has_hole(const struct rtsp_stream *s, const struct rtsp_found *f)
{
	unsigned int nth = s->pair[f->of] ? 0 : f->nth;

	return s->holes >> (f->of * RTSP_PORTS + nth) & 1;
}

/* The end's own address, in which @f is */
static struct alg_endpoint own_end(u8 of, const struct alg_ends *ends)
{
	struct alg_endpoint end = {
		.udp = true,
		.to_client = of == OF_CLIENT,
		.own = ALG_OWN_INNER,
		.port = ALG_PORT_MIN,
	};

	end.addr = (of == OF_CLIENT ? ends->client : ends->server)[ALG_OWN_INNER];
	return end;
}

/* Has what was found written anew: a hole's, or an address alone. */
static void rewrite(struct rtsp *r, const struct rtsp_stream *s,
		    const struct rtsp_found *f, const struct alg_ends *ends,
		    u8 view, struct alg_verdict *v)
{
	struct alg_action *a;
	u8 hole, form;

	hole = hole_of(r, s, f, &form);
	if (!(f->form & RTSP_FORM_PORT))
		hole = ALG_HOLE_NONE;
	else if (!has_hole(s, f))
		return;
	a = alg_action_add(v, ALG_REWRITE, hole);
	a->view = view;
	a->form = form;
	a->at = f->at;
	a->len = f->len;
	if (hole == ALG_HOLE_NONE)
		a->end = own_end(f->of, ends);
}

/* --- SETUP --- */

/* Where the client wants media to be sent to; the last one counts. */
static enum rtsp_why judge_destination(const struct rtsp_transport *l,
				       const struct alg_ends *ends,
				       struct alg_endpoint *end)
{
	const struct rtsp_found *f;

	for (f = l->found; f < l->found + l->count; f++) {
		if (f->of != OF_CLIENT || !(f->form & RTSP_FORM_ADDR))
			continue;
		if (f->addr.len != end->addr.len)
			return RTSP_WHY_FAMILY;
		switch (whose(&f->addr, ends->client)) {
		case ALG_OWN_INNER:
			break;
		case ALG_OWN_OUTER:
			/* see FTP's */
			if (!ends->loose)
				return RTSP_WHY_OUTER;
			break;
		case ALG_OWN_NOT:
			if (!ends->loose)
				return RTSP_WHY_DESTINATION;
			end->own = ALG_OWN_NOT;
			end->addr = f->addr;
		}
	}
	return RTSP_WHY_NONE;
}

/*
 * The client's ports, which are offered. It may ask for several transports;
 * those that count have the same ports.
 */
static noinline void setup_transport(struct rtsp *r, struct rtsp_side *m,
				     const struct rtsp_transport *l,
				     const struct alg_ends *ends,
				     struct alg_verdict *v)
{
	struct rtsp_stream *s = &r->stream[m->stream - 1];
	struct alg_endpoint end = own_end(OF_CLIENT, ends);
	const struct rtsp_found *f;
	bool same = false;
	u16 port[RTSP_PORTS];
	unsigned int i;
	u8 why = l->why;

	if (s->refused)
		return;
	if (!why)
		why = judge_destination(l, ends, &end);
	/* It was offered for another one, in the line before this one. */
	if (!why && s->holes && end.own == ALG_OWN_NOT)
		why = RTSP_WHY_TEXT;
	for (i = 0; i < l->count && !why; i++)
		if (is_first(l, i, OF_CLIENT, port) && is_low(port))
			why = RTSP_WHY_PORT;
	if (!why && l->count && !ends->active)
		why = RTSP_WHY_TAKEOVER;
	if (why) {
		stream_refuse(r, s, v, why);
		return;
	}
	for (i = 0; i < l->count; i++) {
		f = &l->found[i];
		if (f->of != OF_CLIENT)
			continue;
		if (is_first(l, i, OF_CLIENT, port)) {
			if (!s->holes && port[0]) {
				memcpy(s->port, port, sizeof(port));
				offer(r, s, OF_CLIENT, port, &end, v);
			}
			same = !memcmp(s->port, port, sizeof(port));
		}
		if (end.own != ALG_OWN_NOT &&
		    (same || !(f->form & RTSP_FORM_PORT)) &&
		    (!(f->form & RTSP_FORM_ADDR) ||
		     whose(&f->addr, ends->client) == ALG_OWN_INNER))
			rewrite(r, s, f, ends, ALG_VIEW_OTHER, v);
	}
}

static void setup_end(struct rtsp *r, struct rtsp_side *m,
		      struct alg_verdict *v)
{
	struct rtsp_stream *s = &r->stream[m->stream - 1];

	if (!m->has_cseq || m->bad) {
		if (!s->refused)
			v->why = m->bad ? m->bad : RTSP_WHY_CSEQ;
		stream_free(r, s, v);
		return;
	}
	s->state = STREAM_ASKED;
	s->cseq = m->cseq;
	s->session = m->session;
	s->url = m->url;
}

/* --- the answer to it --- */

/* Are these the client's own ports, as the server was told of them? */
static bool is_as_offered(const struct rtsp *r, const struct rtsp_stream *s,
			  const struct rtsp_found *f,
			  const struct alg_ends *ends)
{
	unsigned int hole;
	u16 port;
	u8 form;

	if (!f->port || !has_hole(s, f))
		return true;
	hole = hole_of(r, s, f, &form);
	port = ends->port[hole];
	/* Why there is none was said. */
	return !port || f->port == port + !!(form & RTSP_FORM_NEXT);
}

/* May this answer be believed? */
static enum rtsp_why judge_answer(const struct rtsp *r, struct rtsp_side *m,
				  const struct rtsp_stream *s,
				  const struct rtsp_transport *l,
				  const struct alg_ends *ends)
{
	/* with what stood in the lines before, of a header that is folded */
	unsigned int i, servers = s->holes >> RTSP_PORTS ? 1 : 0;
	const struct rtsp_found *f;
	u16 port[RTSP_PORTS];

	if (l->why || m->specs > 1)
		return RTSP_WHY_TEXT;
	for (i = 0; i < l->count; i++) {
		f = &l->found[i];
		/* Of two, nobody knows which the client believes. */
		if (is_first(l, i, OF_SERVER, port) && port[0] && servers++)
			return RTSP_WHY_TEXT;
		if (f->form & RTSP_FORM_ADDR &&
		    f->addr.len != ends->client[ALG_OWN_INNER].len)
			return RTSP_WHY_FAMILY;
		if (f->of == OF_CLIENT) {
			if (f->form & RTSP_FORM_ADDR && !ends->loose &&
			    whose(&f->addr, ends->client) == ALG_OWN_NOT)
				return RTSP_WHY_DESTINATION;
			if (f->form & RTSP_FORM_PORT &&
			    !is_as_offered(r, s, f, ends))
				return RTSP_WHY_CHANGED;
			continue;
		}
		if (f->form & RTSP_FORM_ADDR &&
		    whose(&f->addr, ends->server) == ALG_OWN_NOT &&
		    !is_nobodys(&f->addr, ends->server)) {
			if (!ends->loose_server)
				return RTSP_WHY_SOURCE;
			m->from_other = true;
			m->from = f->addr;
		}
		if (is_first(l, i, OF_SERVER, port) && is_low(port))
			return RTSP_WHY_PORT;
	}
	return RTSP_WHY_NONE;
}

/* Which SETUP is this the answer to? */
static struct rtsp_stream *find_asked(struct rtsp *r, const struct rtsp_side *m,
				      const struct rtsp_transport *l,
				      const struct alg_ends *ends)
{
	struct rtsp_stream *s;
	u16 port[RTSP_PORTS];
	unsigned int i;

	if (m->stream) {
		s = &r->stream[m->stream - 1];
		/* The client may have torn it down meanwhile. */
		return s->state == STREAM_ASKED ? s : NULL;
	}
	if (m->has_cseq)
		return stream_asked(r, &m->cseq);
	for (i = 0; i < l->count; i++) {
		if (!is_first(l, i, OF_CLIENT, port))
			continue;
		s = stream_of_port(r, port[0], ends);
		if (s)
			return s;
	}
	return stream_asked(r, NULL);
}

/*
 * The transport that the server has chosen: the client's ports are written as
 * it said them, and the server's as the client has to know them. Nothing opens
 * before the message's end.
 */
static noinline void answer_transport(struct rtsp *r, struct rtsp_side *m,
				      const struct rtsp_transport *l,
				      const struct alg_ends *ends,
				      struct alg_verdict *v)
{
	struct alg_endpoint end = own_end(OF_SERVER, ends);
	const struct rtsp_found *f;
	struct rtsp_stream *s;
	u16 port[RTSP_PORTS];
	unsigned int i;

	if (m->bad)
		return;
	s = find_asked(r, m, l, ends);
	if (!s) {
		m->bad = RTSP_WHY_ASKED;
		v->why = m->bad;
		return;
	}
	m->stream = stream_number(r, s) + 1;
	if (s->refused)
		return;
	m->bad = judge_answer(r, m, s, l, ends);
	if (m->bad) {
		v->why = m->bad;
		return;
	}
	if (m->from_other) {
		end.own = ALG_OWN_NOT;
		end.addr = m->from;
	}
	for (i = 0; i < l->count; i++) {
		f = &l->found[i];
		if (is_first(l, i, OF_SERVER, port) && port[0])
			offer(r, s, OF_SERVER, port, &end, v);
		/* A third party's address stays, and one of nobody's, too. */
		if (f->form & RTSP_FORM_ADDR &&
		    whose(&f->addr, f->of == OF_CLIENT ? ends->client :
							 ends->server) ==
		    ALG_OWN_NOT)
			continue;
		rewrite(r, s, f, ends, f->of == OF_CLIENT ? ALG_VIEW_BACK :
							    ALG_VIEW_OTHER, v);
	}
}

/* Both ends agree on a stream. */
static void stream_open(struct rtsp *r, struct rtsp_side *m,
			struct rtsp_stream *s, struct alg_verdict *v)
{
	const u32 client = (1U << RTSP_PORTS) - 1;
	unsigned int first = hole_number(r, s, OF_CLIENT);
	struct rtsp_stream *other;
	struct alg_action *a;
	u32 holes = 0;

	if (m->session)
		s->session = m->session;
	s->timeout = m->timeout;
	for (other = r->stream; other < r->stream + RTSP_STREAMS; other++) {
		if (other->state != STREAM_OPEN ||
		    other->session != s->session)
			continue;
		if (!s->timeout)
			s->timeout = other->timeout;
		/* It was set up before, with other ports. */
		if (other->url != s->url)
			continue;
		holes |= stream_holes(r, other);
		memset(other, 0, sizeof(*other));
	}
	act_on(v, ALG_CLOSE, holes);
	s->state = STREAM_OPEN;
	a = act_on(v, ALG_OPEN, (s->holes & client) << first);
	if (a) {
		a->seconds = s->timeout;
		if (m->from_other) {
			a->end.who = ALG_FROM_ADDR;
			a->end.from = m->from;
		}
	}
	a = act_on(v, ALG_OPEN, (s->holes & ~client) << first);
	if (a)
		a->seconds = s->timeout;
	if (!s->holes)
		stream_free(r, s, v);
}

/* The end of a final answer to a SETUP, if it is one */
static void setup_answered(struct rtsp *r, struct rtsp_side *m,
			   struct alg_verdict *v)
{
	struct rtsp_stream *s = NULL, *taken = NULL;

	if (m->has_cseq)
		s = stream_asked(r, &m->cseq);
	if (m->stream)
		taken = &r->stream[m->stream - 1];
	/* It was taken for the answer to another one, or is to none. */
	if (taken && taken != s) {
		if (!m->bad && !taken->refused)
			v->why = RTSP_WHY_CSEQ;
		m->bad = RTSP_WHY_CSEQ;
		if (!m->has_cseq)
			s = taken;
		act_on(v, ALG_CLOSE, (u32)(taken->holes >> RTSP_PORTS) <<
				     hole_number(r, taken, OF_SERVER));
		taken->holes &= (1U << RTSP_PORTS) - 1;
	}
	if (!s)
		return;
	if (taken && !m->specs && !m->bad && !s->refused)
		v->why = RTSP_WHY_TEXT;
	if (taken && !m->bad && !m->no_udp && m->udp && !s->refused)
		stream_open(r, m, s, v);
	else
		stream_free(r, s, v);
}

/* --- messages --- */

static void pending_add(struct rtsp *r, const struct rtsp_side *m)
{
	struct rtsp_pending *p = &r->pending[r->next];

	if (!m->has_cseq)
		return;
	p->used = true;
	p->cseq = m->cseq;
	p->session = m->session;
	r->next = (r->next + 1) % RTSP_PENDING;
}

/* The end of the headers of the client's request */
static void request_end(struct rtsp *r, struct rtsp_side *m,
			struct alg_verdict *v)
{
	if (m->kind == KIND_SETUP)
		setup_end(r, m, v);
	if (m->kind == KIND_TEARDOWN)
		session_teardown(r, m, v);
	if (m->kind == KIND_PLAY)
		pending_add(r, m);
	if (m->session)
		session_renew(r, m->session, false, v);
}

/* The end of the headers of the server's answer */
static void answer_end(struct rtsp *r, struct rtsp_side *m,
		       struct alg_verdict *v)
{
	bool success = m->code < 300;
	struct rtsp_stream *s;
	unsigned int i;

	if (m->code < 200)
		return;
	for (s = r->stream; success && s < r->stream + RTSP_STREAMS; s++)
		if (m->timeout && m->session && s->session == m->session)
			s->timeout = m->timeout;
	if (!success) {
		m->udp = false;
		m->stream = 0;
	}
	if (m->no_udp && !r->frames)
		r->frames = 1;
	setup_answered(r, m, v);
	for (i = 0; i < RTSP_PENDING && m->has_cseq; i++) {
		struct rtsp_pending *p = &r->pending[i];

		if (!p->used || p->cseq != m->cseq)
			continue;
		p->used = false;
		if (success)
			session_renew(r, p->session, true, v);
		break;
	}
}

/* A message's headers are over: a body, or the next one. */
static void message_end(struct rtsp *r, struct rtsp_side *m, bool reply,
			struct alg_verdict *v)
{
	if (m->kind == KIND_ANSWER)
		answer_end(r, m, v);
	else if (!reply)
		request_end(r, m, v);
	m->state = SIDE_START;
	v->next = ALG_UNIT_HEAD;
	if (m->has_length)
		v->skip = m->length;
}

/* RTSP/1.0 */
static bool is_version(const u8 *s, unsigned int len)
{
	return len == 8 && !memcmp(s, "RTSP/", 5) && is_digit(s[5]) &&
	       s[6] == '.' && is_digit(s[7]);
}

/* "RTSP/1.0 200 OK" */
static bool read_answer(struct rtsp_side *m, const struct alg_line *line)
{
	const u8 *s = line->text;

	if (line->len < 12 || !is_version(s, 8) || s[8] != ' ' ||
	    !is_digit(s[9]) || !is_digit(s[10]) || !is_digit(s[11]) ||
	    (line->len > 12 && s[12] != ' '))
		return false;
	m->code = (s[9] - '0') * 100 + (s[10] - '0') * 10 + s[11] - '0';
	return m->code >= 100;
}

static u8 kind_of(const u8 *s, unsigned int len)
{
	switch (len) {
	case 4:
		return !memcmp(s, "PLAY", 4) ? KIND_PLAY : KIND_OTHER;
	case 5:
		return !memcmp(s, "SETUP", 5) ? KIND_SETUP : KIND_OTHER;
	case 6:
		return !memcmp(s, "RECORD", 6) ? KIND_PLAY : KIND_OTHER;
	case 8:
		return !memcmp(s, "TEARDOWN", 8) ? KIND_TEARDOWN : KIND_OTHER;
	}
	return KIND_OTHER;
}

/*
 * "SETUP rtsp://host/path RTSP/1.0". How one ends that is too long to be kept
 * nobody knows: with HTTP, perhaps, unless the server has spoken RTSP.
 */
static enum rtsp_why read_request(struct rtsp_side *m,
				  const struct alg_line *line, bool trusted)
{
	unsigned int end = line->len, method = 0, version;
	const u8 *s = line->text;

	while (method < end && (is_capital(s[method]) || s[method] == '_'))
		method++;
	if (!method || method == end || s[method] != ' ')
		return RTSP_WHY_START;
	if (line->cut) {
		if (!trusted)
			return RTSP_WHY_START;
	} else {
		while (is_blank(s[end - 1]))
			end--;
		for (version = end; s[version - 1] != ' '; version--)
			if (version <= method + 1)
				return RTSP_WHY_START;
		if (end - version > 5 && !memcmp(s + version, "HTTP/", 5))
			return RTSP_WHY_HTTP;
		if (!is_version(s + version, end - version) ||
		    version <= method + 2)
			return RTSP_WHY_START;
		end = version - 1;
	}
	m->kind = kind_of(s, method);
	/* A collection is written with a / at its end, or without. */
	while (s[end - 1] == '/' || s[end - 1] == ' ')
		end--;
	if (end > method)
		m->url = rtsp_hash(s + method, end - method);
	return RTSP_WHY_NONE;
}

/* What is not of RTSP's, before both ends have spoken it */
static enum rtsp_why judge_bytes(const struct alg_line *line)
{
	if (line->text[0] == 0x16)
		return RTSP_WHY_SECURE;
	return is_capital(line->text[0]) ? RTSP_WHY_NONE : RTSP_WHY_START;
}

/* The first line of a message, or one before it */
static void start_line(struct rtsp *r, bool reply, const struct alg_line *line,
		       struct alg_verdict *v)
{
	struct rtsp_side *m = &r->side[reply], fresh = {};
	enum rtsp_why why;

	if (!line->len) {
		if (m->state == SIDE_START)
			v->next = ALG_UNIT_HEAD;
		return;
	}
	if (read_answer(&fresh, line)) {
		fresh.kind = reply ? KIND_ANSWER : KIND_OTHER;
		if (reply && r->asked)
			r->trusted = true;
	} else {
		why = judge_bytes(line);
		if (!why)
			why = read_request(&fresh, line, r->trusted);
		if (!why && reply)
			fresh.kind = KIND_OTHER;
		if (why && r->trusted) {
			m->state = SIDE_LOST;
			return;
		}
		if (why && line->len > 5 && !memcmp(line->text, "HTTP/", 5))
			why = RTSP_WHY_HTTP;
		if (why) {
			dormant(r, v, why);
			return;
		}
	}
	*m = fresh;
	m->state = SIDE_HEADERS;
	if (reply || m->kind == KIND_ANSWER)
		return;
	r->asked = true;
	r->clock++;
	if (m->kind == KIND_SETUP)
		m->stream = stream_number(r, stream_new(r, v)) + 1;
}

static u8 header_of(const u8 *s, unsigned int len)
{
	if (is_word(s, len, "CSeq"))
		return HEADER_CSEQ;
	if (is_word(s, len, "Session"))
		return HEADER_SESSION;
	if (is_word(s, len, "Transport"))
		return HEADER_TRANSPORT;
	if (is_word(s, len, "Content-Length"))
		return HEADER_LENGTH;
	if (is_word(s, len, "Transfer-Encoding"))
		return HEADER_CODING;
	return HEADER_OTHER;
}

/* Which header a line begins. Returns where its value does. */
static unsigned int read_name(const struct alg_line *line, u8 *header)
{
	const u8 *s = line->text;
	unsigned int end = 0, len;

	*header = HEADER_OTHER;
	/* Most headers begin with none of the letters of header_of()'s. */
	switch (to_upper(s[0])) {
	case 'C':
	case 'S':
	case 'T':
		break;
	default:
		return line->len;
	}
	while (end < line->len && s[end] != ':')
		end++;
	if (end == line->len)
		return end;
	len = end;
	while (len && is_blank(s[len - 1]))
		len--;
	*header = header_of(s, len);
	return end + 1;
}

/* A number, once. Returns false if it is none, or there are two. */
static bool read_once(struct alg_text *t, bool cut, u32 max, bool *has,
		      u32 *value)
{
	u32 number = 0;

	text_blanks(t);
	/* It is on the next line. */
	if (t->at == t->len && !cut)
		return true;
	if (cut || !text_value(t, max, &number) || (*has && *value != number))
		return false;
	*has = true;
	*value = number;
	return true;
}

/* "12345678;timeout=60" */
static void read_session(struct rtsp_side *m, struct alg_text *t, bool folded)
{
	unsigned int start, end;
	u32 timeout = 0;

	text_blanks(t);
	start = t->at;
	while (t->at < t->len && t->s[t->at] != ';' && !is_blank(t->s[t->at]))
		t->at++;
	if (folded)
		t->at = start;
	else if (!m->session && t->at > start)
		m->session = rtsp_hash(t->s + start, t->at - start);
	while (!folded && t->at < t->len && t->s[t->at] != ';')
		t->at++;
	for (; t->at < t->len; t->at++) {
		end = t->at;
		while (end < t->len && t->s[end] != '=' && t->s[end] != ';')
			end++;
		start = t->at;
		while (start < end && is_blank(t->s[start]))
			start++;
		t->at = end;
		if (end == t->len || t->s[end] == ';' ||
		    !is_word(t->s + start, end - start, "timeout"))
			continue;
		for (t->at++; t->at < t->len && is_digit(t->s[t->at]); t->at++)
			if (timeout <= RTSP_TIMEOUT_MAX)
				timeout = timeout * 10 + t->s[t->at] - '0';
	}
	if (timeout > RTSP_TIMEOUT_MAX)
		timeout = RTSP_TIMEOUT_MAX;
	if (timeout)
		m->timeout = timeout;
}

/* A Transport, from a place in its line on. Apart, for what it has in memory */
static noinline void transport_line(struct rtsp *r, bool reply,
				    const struct alg_line *line,
				    unsigned int at,
				    const struct alg_ends *ends,
				    struct alg_verdict *v)
{
	struct rtsp_side *m = &r->side[reply];
	struct rtsp_transport l;

	if (m->kind == KIND_SETUP) {
		read_transport(m, &l, line, at, reply);
		setup_transport(r, m, &l, ends, v);
	} else if (m->kind == KIND_ANSWER && m->code / 100 == 2) {
		read_transport(m, &l, line, at, reply);
		answer_transport(r, m, &l, ends, v);
	}
}

static void header_line(struct rtsp *r, bool reply,
			const struct alg_line *line,
			const struct alg_ends *ends, struct alg_verdict *v)
{
	struct alg_text t = { .s = line->text, .len = line->len };
	struct rtsp_side *m = &r->side[reply];
	bool folded = is_blank(line->text[0]);

	if (!folded)
		t.at = read_name(line, &m->header);
	switch (m->header) {
	case HEADER_TRANSPORT:
		transport_line(r, reply, line, t.at, ends, v);
		break;
	case HEADER_SESSION:
		if (line->cut)
			m->bad = RTSP_WHY_TEXT;
		else
			read_session(m, &t, folded);
		break;
	case HEADER_CSEQ:
		if (!read_once(&t, line->cut, U32_MAX, &m->has_cseq, &m->cseq))
			m->bad = RTSP_WHY_CSEQ;
		break;
	case HEADER_LENGTH:
		if (!read_once(&t, line->cut, ALG_SKIP_MAX, &m->has_length,
			       &m->length))
			dormant(r, v, RTSP_WHY_LENGTH);
		break;
	case HEADER_CODING:
		dormant(r, v, RTSP_WHY_LENGTH);
		break;
	}
}

/* Is there a stream over UDP, or one that was asked for? */
static bool has_streams(const struct rtsp *r)
{
	unsigned int i;

	for (i = 0; i < RTSP_STREAMS; i++)
		if (r->stream[i].state != STREAM_FREE)
			return true;
	return false;
}

/*
 * "$", its channel, its length. Each must be seen in its order, so that a lost
 * segment would hold up what comes behind it. Where nothing is to be opened,
 * that is not worth it for long.
 */
static void frame(struct rtsp *r, const struct alg_line *line,
		  struct alg_verdict *v)
{
	v->next = ALG_UNIT_HEAD;
	v->skip = line->text[2] << 8 | line->text[3];
	if (r->frames < RTSP_FRAMES_MAX)
		r->frames++;
	else if (!has_streams(r))
		dormant(r, v, RTSP_WHY_FRAMES);
}

/**
 * rtsp_unit() - what does this unit mean?
 * @dialogue: struct rtsp, before it, and after
 * @reply: it is the server's
 * @line: the unit, or (alg_line_ready()) a line's first bytes
 * @ends: of the control connection
 * @v: what to do
 */
void rtsp_unit(void *dialogue, bool reply, const struct alg_line *line,
	       const struct alg_ends *ends, struct alg_verdict *v)
{
	struct rtsp *r = dialogue;
	struct rtsp_side *m = &r->side[reply];

	if (r->why)
		return;
	if (line->want) {
		frame(r, line, v);
	} else if (!line->whole) {
		if (m->state == SIDE_START && !r->trusted &&
		    judge_bytes(line))
			dormant(r, v, judge_bytes(line));
	} else if (m->state != SIDE_HEADERS) {
		start_line(r, reply, line, v);
	} else if (line->len) {
		header_line(r, reply, line, ends, v);
	} else {
		message_end(r, m, reply, v);
	}
}

/**
 * rtsp_hold() - may an incomplete line become one whose ports have to be
 * written anew?
 * @dialogue: struct rtsp
 * @reply: it is the server's line
 * @line: what came of it
 *
 * Return: true if, with NAT, its bytes must not leave before its end is there:
 * that is a Transport of a SETUP, or of a 2xx to one
 */
bool rtsp_hold(const void *dialogue, bool reply, const struct alg_line *line)
{
	const struct rtsp *r = dialogue;
	const struct rtsp_side *m = &r->side[reply];
	static const char name[] = "Transport";
	bool asked = false;
	unsigned int i;

	if (r->why || line->whole || line->cut || !line->len ||
	    m->state != SIDE_HEADERS)
		return false;
	for (i = 0; i < RTSP_STREAMS; i++)
		asked |= r->stream[i].state == STREAM_ASKED;
	if (m->kind != KIND_SETUP &&
	    (m->kind != KIND_ANSWER || !asked || m->code / 100 != 2))
		return false;
	if (is_blank(line->text[0]))
		return m->header == HEADER_TRANSPORT;
	for (i = 0; i < line->len && name[i]; i++)
		if (to_upper(line->text[i]) != to_upper(name[i]))
			return false;
	while (i < line->len && is_blank(line->text[i]))
		i++;
	return i == line->len || line->text[i] == ':';
}

/* What rtsp_save() saves */
#define RTSP_SAVED	0x01
#define RTSP_ASKED	0x02
#define RTSP_TRUSTED	0x04

/**
 * rtsp_save() - what is needed to go on later
 * @dialogue: struct rtsp, between two units
 *
 * Return: for rtsp_resume(); 0 in the middle of a message, while a session has
 * streams or something waits for an answer, or if frames may come: what is next
 * is a line
 */
u8 rtsp_save(const void *dialogue)
{
	const struct rtsp *r = dialogue;
	unsigned int i;

	if (r->why || r->frames || r->side[0].state != SIDE_START ||
	    r->side[1].state != SIDE_START || has_streams(r))
		return 0;
	for (i = 0; i < RTSP_PENDING; i++)
		if (r->pending[i].used)
			return 0;
	return RTSP_SAVED | (r->asked ? RTSP_ASKED : 0) |
	       (r->trusted ? RTSP_TRUSTED : 0);
}

/**
 * rtsp_resume() - go on with a dialogue
 * @dialogue: struct rtsp, all zero
 * @saved: from rtsp_save(), or 0: another gateway saw its beginning
 *
 * In the latter case, there may be holes of sessions of which nothing is known,
 * and what comes first may be any part of a message.
 */
void rtsp_resume(void *dialogue, u8 saved)
{
	struct rtsp *r = dialogue;

	r->asked = !saved || saved & RTSP_ASKED;
	r->trusted = !saved || saved & RTSP_TRUSTED;
	r->inherited = !saved;
	if (!saved) {
		r->side[0].state = SIDE_LOST;
		r->side[1].state = SIDE_LOST;
	}
}

/**
 * rtsp_show() - how much of a unit may be in the log
 * @reply: it is the server's
 * @line: the unit, or a line's first bytes
 *
 * Return: so many bytes from its beginning. An URL and most headers may have
 * passwords in them, or what is as good as one.
 */
unsigned int rtsp_show(bool reply, const struct alg_line *line)
{
	unsigned int end = 0;
	u8 header;

	if (line->want)
		return line->len;
	if (reply && line->len >= 5 && !memcmp(line->text, "RTSP/", 5))
		return line->len;
	read_name(line, &header);
	if (header == HEADER_TRANSPORT || header == HEADER_CSEQ ||
	    header == HEADER_LENGTH)
		return line->len;
	while (end < line->len && line->text[end] != ':' &&
	       !is_blank(line->text[end]))
		end++;
	return end < 24 ? end : 24;
}

/**
 * rtsp_why_name() - for the log, and for monitoring
 * @why: enum rtsp_why, from ALG_WHY_PROTOCOL on
 */
const char *rtsp_why_name(u8 why)
{
	static const char *const words[] = {
		[RTSP_WHY_START] = "not_rtsp",
		[RTSP_WHY_HTTP] = "http",
		[RTSP_WHY_SECURE] = "encrypted",
		[RTSP_WHY_LENGTH] = "body_length",
		[RTSP_WHY_TEXT] = "unreadable",
		[RTSP_WHY_CSEQ] = "no_cseq",
		[RTSP_WHY_FAMILY] = "other_family",
		[RTSP_WHY_PORT] = "low_port",
		[RTSP_WHY_DESTINATION] = "third_party",
		[RTSP_WHY_OUTER] = "outer_address",
		[RTSP_WHY_SOURCE] = "other_source",
		[RTSP_WHY_CHANGED] = "other_port",
		[RTSP_WHY_ASKED] = "not_asked",
		[RTSP_WHY_TAKEOVER] = "taken_over",
		[RTSP_WHY_FRAMES] = "interleaved",
	};

	return why < ARRAY_SIZE(words) && words[why] ? words[why] : "?";
}

/**
 * rtsp_print() - write a port or an address anew
 * @text: for the text and its NUL
 * @form: enum rtsp_form
 * @addr: the address; not read without RTSP_FORM_ADDR
 * @port: the port, or the first one of the pair
 *
 * Return: the text's length; 0 if there is none in this form
 */
int rtsp_print(char text[ALG_TEXT_MAX], u8 form, const struct alg_addr *addr,
	       u16 port)
{
	const u8 *b = addr->b;
	const char *open = "", *close = "";
	unsigned int second = port + !!(form & RTSP_FORM_NEXT);
	char behind[8] = "";

	if (form & RTSP_FORM_PORT)
		snprintf(behind, sizeof(behind), ":%u", second);
	if (!(form & RTSP_FORM_ADDR))
		return form & RTSP_FORM_PORT ?
		       snprintf(text, ALG_TEXT_MAX, "%u", second) : 0;
	if (addr->len == 4)
		return snprintf(text, ALG_TEXT_MAX, "%u.%u.%u.%u%s", b[0], b[1],
				b[2], b[3], behind);
	if (addr->len != 16)
		return 0;
	if (form & (RTSP_FORM_BRACKETS | RTSP_FORM_PORT)) {
		open = "[";
		close = "]";
	}
	return snprintf(text, ALG_TEXT_MAX, "%s%x:%x:%x:%x:%x:%x:%x:%x%s%s",
			open, b[0] << 8 | b[1], b[2] << 8 | b[3],
			b[4] << 8 | b[5], b[6] << 8 | b[7], b[8] << 8 | b[9],
			b[10] << 8 | b[11], b[12] << 8 | b[13],
			b[14] << 8 | b[15], close, behind);
}

const struct alg_protocol rtsp_protocol = {
	.size = sizeof(struct rtsp),
	.holes = RTSP_HOLES,
	.classes = 1,
	.head = { .first = '$', .last = '$', .len = 4 },
	.both = true,
	.whys = RTSP_WHY_END - ALG_WHY_PROTOCOL,
	.unit = rtsp_unit,
	.hold = rtsp_hold,
	.save = rtsp_save,
	.resume = rtsp_resume,
	.print = rtsp_print,
	.show = rtsp_show,
	.why_name = rtsp_why_name,
};
