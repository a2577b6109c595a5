// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's target: a byte of flags, then a dialogue that the client begins, in which the
 * byte 1 is where the other end goes on to speak. rtsp_dialogue.h checks what must hold; here:
 * that no way to cut the stream changes a decision, and that there is always a way back.
 */
#include "rtsp_dialogue.h"

int fuzz_one(const u8 *data, size_t size);

static bool play(struct run *r, const u8 *data, size_t size, enum cutting cut)
{
	struct alg_ends e = fuzz_ends[data[0] & 1];

	if (!(data[0] & 2))
		e.client[1] = e.client[0];
	if (!(data[0] & 4))
		e.server[1] = e.server[0];
	e.loose = data[0] & 8;
	e.loose_server = data[0] & 16;
	e.active = data[0] >> 5 != 6;
	run_init(r, &e);
	if (data[0] >> 5 >= 6)
		rtsp_resume(&r->r, 0);
	return units_play(&r->u, false, data + 1, size - 1, cut, data[0] / 3 + 1);
}

/*
 * Whatever was said, as long as it was RTSP, and nobody is in the middle of a body: does the
 * next SETUP open what its answer says?
 */
static bool way_back(struct run *r)
{
	static const char text[2][160] = {
		"SETUP rtsp://way/back RTSP/1.0\r\nCSeq: 777777\r\n"
		"Transport: RTP/AVP;client_port=40000-40001\r\n\r\n",
		"RTSP/1.0 200 OK\r\nCSeq: 777777\r\nTransport: RTP/AVP;unicast\r\n\r\n",
	};
	const struct alg_verdict *v;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (r->u.total[i] > r->u.said[i] || (r->u.line[i].want && !r->u.line[i].whole))
			return true;
		units_bytes(&r->u, i, (const u8 *)"\r\n\r\n", 4, CUT_NOT, 0);
		if (r->u.total[i] > r->u.said[i])
			return true;
	}
	if (r->dormant || !r->ends.active)
		return true;
	for (i = 0; i < RTSP_STREAMS; i++)
		if (r->r.stream[i].state && r->r.stream[i].cseq == 777777)
			return true;
	for (i = 0; i < 2; i++)
		if (!units_bytes(&r->u, i, (const u8 *)text[i], strlen(text[i]), CUT_NOT, 0))
			return true;
	if (r->u.total[0] > r->u.said[0] || r->u.total[1] > r->u.said[1] || r->count == EVENTS_MAX)
		return true;
	v = &r->events[r->count - 1].v;
	for (i = 0; r->count && i < v->count; i++)
		if (v->action[i].act == ALG_OPEN)
			return true;
	return false;
}

/* What is saved of a dialogue is what it goes on with. */
static void save(const struct rtsp *r)
{
	struct rtsp later = {};
	u8 saved = rtsp_save(r);

	if (!saved)
		return;
	must(saved < 0x80);
	rtsp_resume(&later, saved);
	must(rtsp_save(&later) == saved);
	must(later.asked == r->asked && later.trusted == r->trusted);
}

int fuzz_one(const u8 *data, size_t size)
{
	static struct run whole, other;
	enum cutting cut;

	if (!size || !play(&whole, data, size, CUT_NOT))
		return 0;
	for (cut = CUT_BYTES; cut <= CUT_REWIND; cut++) {
		play(&other, data, size, cut);
		must(run_differ(&whole, &other) < 0);
	}
	save(&whole.r);
	must(way_back(&other));
	return 0;
}
