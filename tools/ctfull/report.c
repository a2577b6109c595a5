// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netlink family "ctfull": what -j CTFULL has counted, and whose packets it refused
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>
#include "../lib/output.h"
#include "../lib/program.h"
#include "report.h"

/* Where an attribute goes. A number is as long as its member; bytes may be fewer. */
struct field {
	uint16_t offset;
	uint8_t size;
	bool bytes;
};

#define U16(member)		{ offsetof(struct report, member), 2, false }
#define U32(member)		{ offsetof(struct report, member), 4, false }
#define U64(member)		{ offsetof(struct report, member), 8, false }
#define BYTES(member, size)	{ offsetof(struct report, member), size, true }

static const struct field fields[CTFULL_A_MAX + 1] = {
	[CTFULL_A_COUNT] = U32(count),
	[CTFULL_A_LIMIT] = U32(max),
	[CTFULL_A_LEVEL] = U32(level),
	[CTFULL_A_WARN_AT] = U32(warn_at),
	[CTFULL_A_REFUSED] = U64(refused),
	[CTFULL_A_UNTRACKED] = U64(untracked),
	[CTFULL_A_RESERVED] = U64(reserved),
	[CTFULL_A_LOGGED] = U64(logged),
	[CTFULL_A_SUPPRESSED] = U64(suppressed),
	[CTFULL_A_PEAK] = U32(peak),
	[CTFULL_A_PEAK_TIME] = U64(peak_time),
	[CTFULL_A_RULES] = U32(rules),
	[CTFULL_A_SEQ] = U64(seq),
	[CTFULL_A_FAMILY] = U32(family),
	[CTFULL_A_SRC] = BYTES(src, 16),
	[CTFULL_A_DST] = BYTES(dst, 16),
	[CTFULL_A_PROTOCOL] = U32(protocol),
	[CTFULL_A_SPORT] = U16(sport),
	[CTFULL_A_DPORT] = U16(dport),
	[CTFULL_A_ICMP_TYPE] = U32(icmp_type),
	[CTFULL_A_ZONE] = U32(zone),
	[CTFULL_A_IIF] = BYTES(in, IFNAMSIZ - 1),
	[CTFULL_A_OIF] = BYTES(out, IFNAMSIZ - 1),
	[CTFULL_A_ACTION] = U32(action),
	[CTFULL_A_ERROR] = U64(error),
	[CTFULL_A_ROOM] = U32(room),
};

static_assert(CTFULL_A_MAX < 32, "report.has has a bit for each attribute");

/**
 * report_parse - read a message
 * @nlh: the message; what is not known in it is passed over
 * @report: what it says
 */
void report_parse(const struct nlmsghdr *nlh, struct report *report)
{
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(report, 0, sizeof(*report));
	if (mnl_nlmsg_get_payload_len(nlh) < GENL_HDRLEN)
		return;
	report->cmd = header->cmd;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		uint16_t type = mnl_attr_get_type(attr), len = mnl_attr_get_payload_len(attr);
		const struct field *field;

		if (type > CTFULL_A_MAX)
			continue;
		field = &fields[type];
		report->has |= 1U << type;
		if (len > field->size)
			len = field->size;
		if (len == field->size || field->bytes)
			memcpy((char *)report + field->offset, mnl_attr_get_payload(attr), len);
	}
	report->sport = ntohs(report->sport);
	report->dport = ntohs(report->dport);
}

static int figures_cb(const struct nlmsghdr *nlh, void *data)
{
	report_parse(nlh, data);
	return 0;
}

static int get_figures(struct nl *nl, uint16_t id, struct report *figures)
{
	char buf[64] __attribute__((aligned(8)));
	int ret;

	memset(figures, 0, sizeof(*figures));
	ret = nl_request(nl, genl_message(buf, id, 0, CTFULL_CMD_GET), figures_cb, figures);
	return ret || report_has(figures, CTFULL_A_LEVEL) ? ret : -EBADMSG;
}

struct sources {
	struct report *list;
	unsigned int n, max;
};

static int sources_cb(const struct nlmsghdr *nlh, void *data)
{
	struct sources *sources = data;

	if (sources->n < sources->max)
		report_parse(nlh, &sources->list[sources->n++]);
	return 0;
}

static int get_sources(struct nl *nl, uint16_t id, struct report *list, unsigned int max)
{
	struct sources sources = { .list = list, .max = max };
	char buf[64] __attribute__((aligned(8)));
	int ret;

	ret = nl_request(nl, genl_message(buf, id, NLM_F_DUMP, CTFULL_CMD_GET_SOURCES),
			 sources_cb, &sources);
	return ret ? ret : (int)sources.n;
}

/**
 * report_read - read the figures of the network namespace that this thread is in
 * @figures: the figures; may be NULL
 * @sources: whose packets were refused, the one with most of them first
 * @max: so many of these at most
 *
 * Returns how many sources there are, or a
 * negative errno: see report_error().
 */
int report_read(struct report *figures, struct report *sources, unsigned int max)
{
	struct genl_family family;
	static struct nl nl;
	int ret;

	ret = nl_open(&nl, NETLINK_GENERIC);
	if (ret)
		return ret;
	ret = genl_resolve(&nl, CTFULL_GENL_NAME, CTFULL_GENL_EVENTS, &family);
	if (!ret && figures)
		ret = get_figures(&nl, family.id, figures);
	if (!ret && max)
		ret = get_sources(&nl, family.id, sources, max);
	nl_close(&nl);
	return ret;
}

/**
 * report_error - what an error means, and what helps
 * @error: a negative errno of report_read(), or of what events.h has
 */
const char *report_error(int error)
{
	switch (error) {
	case -ENOENT:
		return "the kernel has no ctfull: load xt_ctfull (modprobe xt_ctfull)";
	case -EBADMSG:
		return "the kernel's answer is not understood: xt_ctfull has another version";
	}
	return nl_error(error);
}

/**
 * level_name - how a level is called
 * @level: enum ctfull_level
 */
const char *level_name(uint32_t level)
{
	static const char *const names[] = {
		[CTFULL_LEVEL_NORMAL] = "normal",
		[CTFULL_LEVEL_WARNING] = "warning",
		[CTFULL_LEVEL_FULL] = "full",
	};

	return level < ARRAY_SIZE(names) ? names[level] : "unknown";
}

/**
 * sources_json - sources of refused packets, as a new array
 * @sources: report_read()'s
 * @n: how many there are
 */
json_t *sources_json(const struct report *sources, int n)
{
	json_t *array = json_array(), *json;
	const struct report *source;
	char addr[ADDR_LEN];

	for (source = sources; source < sources + n; source++) {
		json = json_pack("{s:s, s:I, s:I}",
				 "source", addr_text(source->family, source->src, addr),
				 "refused", (json_int_t)source->refused,
				 "error", (json_int_t)source->error);
		json_array_append_new(array, json);
	}
	return array;
}

/**
 * sources_text - print sources of refused packets, one per line
 * @out: where
 * @sources: report_read()'s
 * @n: how many there are; none if it is negative
 */
void sources_text(FILE *out, const struct report *sources, int n)
{
	const struct report *source;
	char addr[ADDR_LEN];

	for (source = sources; source < sources + n; source++) {
		fprintf(out, "%10llu  %s", (unsigned long long)source->refused,
			addr_text(source->family, source->src, addr));
		if (source->error)
			fprintf(out, "  (up to %llu of them from others)",
				(unsigned long long)source->error);
		fputc('\n', out);
	}
}
