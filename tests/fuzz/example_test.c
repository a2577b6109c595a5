// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grammar that doc/alg.md shows, which alg.sh has put into EXAMPLE, talked to as the core
 * does: TAP. And what verdict.c says of lists that no grammar should make.
 */
#include <stdio.h>

#include "../../kernel/alg/protocol.h"
#include EXAMPLE

static unsigned int tests, failed;

static void ok(bool good, const char *name)
{
	printf("%sok %u - example: %s\n", good ? "" : "not ", ++tests, name);
	failed += !good;
}

static const struct alg_ends ends = {
	.client = { { 4, { 10, 0, 0, 2 } }, { 4, { 192, 0, 2, 1 } } },
	.server = { { 4, { 10, 9, 0, 9 } }, { 4, { 203, 0, 113, 5 } } },
};

static struct alg_line line[2];
static struct alg_verdict v;
static u8 dialogue[64] __attribute__((aligned(8)));

/* A line of one end; is the list one that can be carried out? */
static bool says(bool reply, const char *text)
{
	unsigned int len = strlen(text), taken = 0;

	memset(&v, 0, sizeof(v));
	while (taken < len) {
		taken += alg_line_add(&line[reply], (const u8 *)text + taken, len - taken);
		if (alg_line_ready(&line[reply]))
			talk_protocol.unit(dialogue, reply, &line[reply], &ends, &v);
	}
	return alg_next_valid(&talk_protocol, &v) &&
	       alg_actions_valid(&talk_protocol, &line[reply], &ends, &v);
}

static bool does(unsigned int i, u8 act)
{
	return i < v.count && v.action[i].act == act;
}

static void test_example(void)
{
	ok(says(false, "LISTEN 5000\r\n") && v.count == 2 && does(0, ALG_OFFER) &&
	   v.action[0].end.port == 5000 && does(1, ALG_REWRITE) && v.action[1].len == 4,
	   "an offer");
	ok(!talk_protocol.save(dialogue), "which is not forgotten");
	ok(says(true, "OK\r\n") && v.count == 1 && does(0, ALG_OPEN), "is agreed to");
	ok(says(true, "OK\r\n") && !v.count, "once");
	ok(says(false, "LISTEN 5001\r\n") && v.count == 2 && says(true, "NO\r\n") && v.count == 1 &&
	   does(0, ALG_CLOSE), "or is not");
	ok(says(false, "LISTEN 22\r\n") && !v.count && v.why == TALK_WHY_PORT &&
	   says(false, "LISTEN \r\n") && v.why == TALK_WHY_PORT &&
	   says(false, "LISTEN 22222\r\n") && !v.why && says(true, "NO\r\n") && !v.why &&
	   says(false, "HELLO\r\n") && !v.why, "who is refused a port is told why");
	ok(says(false, "LISTEN 22\r\n") && !v.count &&
	   says(false, "LISTEN 65536\r\n") && !v.count &&
	   says(false, "LISTEN 5x\r\n") && !v.count && says(false, "HELLO\r\n") && !v.count &&
	   says(false, "LISTEN 00000005000\r\n") && !v.count && says(true, "OK\r\n") && !v.count,
	   "other lines open nothing");
	ok(talk_protocol.save(dialogue), "and can be forgotten");
	alg_line_add(&line[0], (const u8 *)"LIS", 3);
	ok(talk_protocol.hold(dialogue, false, &line[0]), "half an offer is held");
	alg_line_add(&line[0], (const u8 *)"P\n", 2);
}

/* The list of an offer, spoilt in one place */
static bool taken(void (*spoil)(void))
{
	says(false, "LISTEN 5000\r\n");
	if (spoil)
		spoil();
	return alg_actions_valid(&talk_protocol, &line[0], &ends, &v);
}

/* Of a hole that is there */
static void only(u8 act)
{
	v.count = 1;
	v.action[0].act = act;
	v.action[0].end.port = 0;
}

#define SPOIL(name, statement)	static void name(void) { statement; }
SPOIL(port, v.action[0].end.port = 1023)
SPOIL(port_none, v.action[0].end.port = 0)
SPOIL(odd_pair, v.action[0].end.pair = true; v.action[0].end.port = 5001)
SPOIL(address, v.action[0].end.addr.b[3] = 3)
SPOIL(family, v.action[0].end.addr.len = 16)
SPOIL(third, v.action[0].end.own = ALG_OWN_NOT)
SPOIL(owner, v.action[0].end.own = 7)
SPOIL(who, v.action[0].end.who = 7)
SPOIL(from, v.action[0].end.who = ALG_FROM_ADDR)
SPOIL(hole, v.action[0].hole = 1)
SPOIL(no_hole, v.action[0].hole = ALG_HOLE_NONE)
SPOIL(class, v.action[0].class = 1)
SPOIL(act, v.action[0].act = 99)
SPOIL(twice, v.action[1] = v.action[0])
SPOIL(rewrite_hole, v.action[1].hole = 1)
SPOIL(empty, v.action[1].len = 0)
SPOIL(behind, v.action[1].len = 5)
SPOIL(far, v.action[1].at = 600)
SPOIL(view, v.action[1].view = 2)
SPOIL(half, line[0].whole = false)
SPOIL(cut, line[0].cut = true)
SPOIL(overlap, v.action[2] = v.action[1]; v.action[2].at++; v.action[2].len--; v.count = 3)
SPOIL(order, v.action[2] = v.action[1]; v.action[2].at = 0; v.action[2].len = 7; v.count = 3)
SPOIL(dormant_first, v.action[0].act = ALG_DORMANT)
SPOIL(dormant_why, v.count = 1; v.action[0].act = ALG_DORMANT; v.action[0].why = TALK_WHY_END)
SPOIL(why, v.why = TALK_WHY_END)
SPOIL(also_offer, v.action[0].also = 1)
SPOIL(also_close, only(ALG_CLOSE); v.action[0].also = 2)
SPOIL(also_open, only(ALG_OPEN); v.action[0].also = 2)
SPOIL(open_who, only(ALG_OPEN); v.action[0].end.who = 7)
SPOIL(many, v.count = ALG_ACTIONS + 1)

static void test_nonsense(void)
{
	static void (*const spoils[])(void) = {
		port, port_none, odd_pair, address, family, third, owner, who, from, hole, no_hole,
		class, act, twice, rewrite_hole, empty, behind, far, view, half, cut, overlap,
		order, also_offer, also_close, also_open, open_who,
		dormant_first, dormant_why, why, many,
	};
	unsigned int i, bad = 0;

	ok(taken(NULL), "what is well is done");
	for (i = 0; i < ARRAY_SIZE(spoils); i++) {
		if (taken(spoils[i])) {
			printf("# %u is taken\n", i);
			bad++;
		}
		line[0].whole = true;
		line[0].cut = false;
	}
	ok(!bad, "nonsense is not");
	for (i = 0; i < 20; i++)
		alg_action_add(&v, ALG_CLOSE, 0);
	ok(!alg_actions_valid(&talk_protocol, &line[0], &ends, &v),
	   "nor more than there is room for");
}

static bool next(u8 head, u8 unit, u32 skip)
{
	struct alg_protocol protocol = talk_protocol;

	protocol.head.len = head;
	v.next = unit;
	v.skip = skip;
	return alg_next_valid(&protocol, &v);
}

static void test_next(void)
{
	ok(next(0, ALG_UNIT_LINE, 0) && next(0, ALG_UNIT_LINE, ALG_SKIP_MAX) &&
	   next(4, ALG_UNIT_HEAD, 0) && next(4, ALG_UNIT_HEAD, 1) && next(0, ALG_UNIT_END, 0),
	   "units that can be next");
	ok(!next(0, ALG_UNIT_HEAD, 0) && !next(0, ALG_UNIT_LINE, ALG_SKIP_MAX + 1) &&
	   !next(4, ALG_UNIT_HEAD, ALG_SKIP_MAX + 1) && !next(4, ALG_UNIT_END + 1, 0),
	   "and units that cannot");
}

int main(void)
{
	alg_line_init(&line[0], 100);
	alg_line_init(&line[1], 200);
	test_example();
	test_nonsense();
	test_next();
	printf("1..%u\n", tests);
	return !!failed;
}
