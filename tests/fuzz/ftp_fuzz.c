// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's target: a byte of flags, then a dialogue in which the byte 1 is where the
 * other end goes on to speak. The corpus is text for this reason. dialogue.h checks
 * what must hold; here: that no way to cut the stream changes a decision. The script
 * run gives fuzz_one() the name that libFuzzer knows.
 */
#include "dialogue.h"

int fuzz_one(const u8 *data, size_t size);

static bool play(struct run *r, const u8 *data, size_t size, enum cutting cut)
{
	struct alg_ends e = fuzz_ends[data[0] & 1];

	e.loose = data[0] & 2;
	e.active = data[0] >> 2 != 62;
	run_init(r, &e);
	if (data[0] >> 2 == 63)
		run_resume(r);
	return units_play(&r->u, true, data + 1, size - 1, cut, (data[0] >> 2) + 1);
}

/*
 * The same bytes as units of another protocol's: a line, or the head of a frame that says how
 * much of it is skipped. Returns what units there were, as a hash.
 */
static u32 units(const u8 *data, u32 size, u32 step, bool raw)
{
	static const struct alg_head head = { .first = '$', .last = '%', .len = 4 };
	static struct alg_line line;
	u32 at = 0, hash = 0, i, n;

	memset(&line, 0, sizeof(line));
	alg_line_init(&line, SEQ_CLIENT);
	line.raw = raw;
	while (at < size) {
		n = size - at < step ? size - at : step;
		at += alg_line_add(&line, data + at, n);
		must(line.next == SEQ_CLIENT + at);
		if (!line.whole)
			continue;
		for (i = 0; i < line.len; i++)
			hash = hash * 31 + line.text[i];
		hash = hash * 31 + line.len + line.want * 1000;
		line.head = &head;
		if (line.want) {
			alg_line_skip(&line, line.text[1]);
			at = line.next - SEQ_CLIENT;
		}
	}
	return hash;
}

static u8 take(const u8 **data, size_t *size)
{
	if (!*size)
		return 0;
	--*size;
	return *(*data)++;
}

static void some_endpoint(struct alg_endpoint *e, const struct alg_ends *ends, const u8 **data,
			  size_t *size)
{
	u8 kind = take(data, size);

	e->to_client = kind & 1;
	e->own = kind >> 1 & 3;
	e->addr = (e->to_client ? ends->client : ends->server)[kind >> 1 & 1];
	if (kind & 8)
		e->addr.b[take(data, size) % 16] ^= 1;
	if (kind & 16)
		e->addr.len = take(data, size);
	e->port = take(data, size) << 8 | take(data, size);
	e->pair = kind & 32;
	e->udp = kind & 64;
	e->who = kind & 128 ? take(data, size) & 3 : ALG_FROM_PEER;
	e->from.len = kind & 128 ? take(data, size) & 16 : 0;
}

/* Any list of actions: of what is not refused, does hold what the core relies on? */
static void actions(const u8 *data, size_t size)
{
	struct alg_protocol protocol = { .holes = 3, .classes = 2, .whys = 3 };
	struct alg_ends e = fuzz_ends[data[0] & 1];
	struct alg_verdict v = {};
	static struct alg_line line;
	unsigned int i, last = 0;
	u8 shape = data[0];

	e.loose = shape & 2;
	alg_line_init(&line, SEQ_CLIENT);
	alg_line_add(&line, (const u8 *)"0123456789\377\3610123456789\r\n", shape & 4 ? 24 : 12);
	protocol.head.len = shape >> 3 & 3;
	v.next = shape >> 5;
	v.skip = (u32)size << 24;
	if (alg_next_valid(&protocol, &v)) {
		must(v.next <= ALG_UNIT_END && v.skip <= ALG_SKIP_MAX);
		must(v.next != ALG_UNIT_HEAD || protocol.head.len);
	}
	v.why = size / 4 % 32;
	for (data++, size--; size && v.count <= ALG_ACTIONS;) {
		struct alg_action *a = alg_action_add(&v, data[0] & 7, data[0] >> 3 & 3);

		if (data[0] >> 3 == 31)
			a->hole = ALG_HOLE_NONE;
		a->class = data[0] >> 5 & 3;
		take(&data, &size);
		if (a->act != ALG_OPEN || size % 2)
			some_endpoint(&a->end, &e, &data, &size);
		a->at = take(&data, &size) % 24;
		a->len = take(&data, &size) % 24;
		a->view = take(&data, &size) & 3;
	}
	if (!alg_actions_valid(&protocol, &line, &e, &v))
		return;
	must(v.count <= ALG_ACTIONS);
	must(v.why < ALG_WHY_PROTOCOL + 3);
	for (i = 0; i < v.count; i++) {
		const struct alg_action *a = &v.action[i];
		const struct alg_addr *own = a->end.to_client ? e.client : e.server;

		must(a->act <= ALG_DORMANT);
		must(a->act != ALG_DORMANT || i + 1 == v.count);
		must(a->act == ALG_DORMANT || a->hole < 3 ||
		     (a->act == ALG_REWRITE && a->hole == ALG_HOLE_NONE));
		must(line.whole || a->act == ALG_CLOSE || a->act == ALG_DORMANT);
		if (a->act == ALG_REWRITE) {
			must(a->len && a->at >= last && a->at + a->len <= line.len);
			last = a->at + a->len;
		}
		if (a->act == ALG_OFFER || (a->act == ALG_OPEN && a->end.port)) {
			must(a->class < 2 && a->end.port >= 1024);
			must(a->end.addr.len == own[0].len);
			must(e.loose || same(&a->end.addr, &own[0]) || same(&a->end.addr, &own[1]));
		}
	}
}

/* What is saved of a dialogue is what it goes on with. */
static void save(const struct ftp *f)
{
	struct ftp later = {};
	u8 saved = ftp_save(f);

	if (!saved)
		return;
	ftp_resume(&later, saved);
	must(ftp_save(&later) == saved);
	must(later.greeted == f->greeted && later.trusted == f->trusted);
	must(later.login == f->login && later.epsv_all == f->epsv_all);
	must(!later.hole == !f->hole && later.count == f->count);
}

int fuzz_one(const u8 *data, size_t size)
{
	static struct run whole, other;
	enum cutting cut;
	u32 hash;

	if (!size)
		return 0;
	actions(data, size);
	hash = units(data + 1, size - 1, size, data[0] & 1);
	must(hash == units(data + 1, size - 1, 1, data[0] & 1));
	must(hash == units(data + 1, size - 1, 1 + data[0] % 7, data[0] & 1));
	if (!play(&whole, data, size, CUT_NOT))
		return 0;
	for (cut = CUT_BYTES; cut <= CUT_REWIND; cut++) {
		play(&other, data, size, cut);
		must(run_differ(&whole, &other) < 0);
	}
	save(&whole.f);
	must(run_way_back(&other));
	return 0;
}
