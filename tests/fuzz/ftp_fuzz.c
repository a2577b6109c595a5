// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's target: a byte of flags, then a dialogue in which the byte 1 is where the
 * other end goes on to speak. The corpus is text for this reason. dialogue.h checks
 * what must hold; here: that no way to cut the stream changes a decision. The script
 * run gives fuzz_one() the name that libFuzzer knows.
 */
#include "dialogue.h"

int fuzz_one(const u8 *data, size_t size);

static const struct alg_ends ends[2] = {
	{
		.client = { { 4, { 10, 0, 0, 2 } }, { 4, { 192, 0, 2, 1 } } },
		.server = { { 4, { 10, 9, 0, 9 } }, { 4, { 203, 0, 113, 5 } } },
	}, {
		.client = { { 16, { 0xfd, [15] = 2 } }, { 16, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } },
		.server = { { 16, { 0xfd, [15] = 9 } }, { 16, { 0x20, 1, 0xd, 0xb8, [15] = 5 } } },
	},
};

static bool play(struct run *r, const u8 *data, size_t size, enum cutting cut)
{
	struct alg_ends e = ends[data[0] & 1];
	bool reply = true;
	size_t begin, i;

	e.loose = data[0] & 2;
	e.active = data[0] >> 2 != 62;
	run_init(r, &e);
	if (data[0] >> 2 == 63)
		run_resume(r);
	for (begin = 1, i = 1; i <= size; i++) {
		if (i < size && data[i] != 1)
			continue;
		if (!run_bytes(r, reply, data + begin, i - begin, cut, (data[0] >> 2) + 1))
			return false;
		reply = !reply;
		begin = i + 1;
	}
	return true;
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
	return 0;
}
