// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kernel/ctlog/ctlog.c
 */
#include <kunit/test.h>
#include <linux/string.h>
#include "ctlog/ctlog.c"

static struct ctlog_values packet(void)
{
	struct ctlog_values v = {
		.prefix = "x: ", .state = IP_CT_NEW, .reason = XT_CTSTATE2_REASON_MAX,
		.connection = true, .tcp_state = TCP_CONNTRACK_MAX,
		.sctp_state = SCTP_CONNTRACK_MAX,
	};

	return v;
}

static void lines(struct kunit *test)
{
	static const char reply[] =
		"state=ESTABLISHED_REPLY dir=REPLY status=SEEN_REPLY tcp=SYN_RECV expires=60 ";
	static const char sctp[] =
		"x: state=NEW dir=ORIGINAL status=NONE sctp=CLOSED expires=0 helper=ftp mark=0x1f ";
	struct ctlog_values v = packet();
	char line[CTLOG_LINE];

	ctlog_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line, "x: state=NEW dir=ORIGINAL status=NONE expires=0 ");

	v.prefix = "";
	v.state = IP_CT_ESTABLISHED_REPLY;
	v.dir = IP_CT_DIR_REPLY;
	v.status = IPS_SEEN_REPLY | IPS_SRC_NAT_DONE;
	v.tcp_state = TCP_CONNTRACK_SYN_RECV;
	v.expires = 60;
	ctlog_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line, reply);

	v = packet();
	v.mark = 0x1f;
	v.helper = "ftp";
	v.sctp_state = SCTP_CONNTRACK_CLOSED;
	ctlog_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line, sctp);

	v.connection = false;
	v.state = 8;
	v.reason = XT_CTSTATE2_REASON_TCP_FLAGS;
	ctlog_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line, "x: state=INVALID reason=TCP_FLAGS ");
	v.state = 7;
	v.reason = XT_CTSTATE2_REASON_MAX;
	ctlog_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line, "x: state=UNTRACKED ");
}

/* How many "name=" a line has, and whether each is followed by a value and a space */
static unsigned int whole_fields(const char *line)
{
	unsigned int fields = 0;
	const char *at;

	for (at = line; (at = strchr(at, '=')); at++) {
		if (at[1] == ' ' || at[1] == '.' || !strchr(at, ' '))
			return 99;
		fields++;
	}
	return fields;
}

/* Every prefix, every status, and the longest of all else: never too long */
static void never_too_long(struct kunit *test)
{
	static const char prefix[] = "12345678901234567890123456789";
	unsigned int start, bits, i, wrong = 0, dropped = 0;
	char line[CTLOG_LINE];

	for (start = 0; start < sizeof(prefix); start++) {
		for (bits = 0; bits < 1 << 12; bits++) {
			struct ctlog_values v = packet();
			unsigned int fields, all = 8;
			const char *end;
			bool cut;

			v.prefix = prefix + start;
			v.state = IP_CT_ESTABLISHED;
			for (i = 0; i < 16; i++)
				if (ctlog_status[i] && bits >> (i % 12) & 1)
					v.status |= BIT(i);
			v.tcp_state = TCP_CONNTRACK_ESTABLISHED;
			v.expires = UINT_MAX;
			v.zone = U16_MAX;
			v.helper = "123456789012345";
			v.mark = U32_MAX;
			memset(line, 0x55, sizeof(line));
			ctlog_print(line, &v);
			if (!memchr(line, 0, sizeof(line))) {
				wrong++;
				continue;
			}
			fields = whole_fields(line);
			end = line + strlen(line) - 4;
			cut = fields < all;
			if (fields > all || cut != !strcmp(end, "... "))
				wrong++;
			if (strncmp(line + strlen(v.prefix), "state=ESTABLISHED_ORIGINAL ", 27))
				wrong++;
			dropped += cut;
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_GT(test, dropped, 0);
}

/* The order in which fields go */
static void least_useful_first(struct kunit *test)
{
	struct ctlog_values v = packet();
	char line[CTLOG_LINE];

	v.prefix = "12345678901234567890123456789";
	v.state = IP_CT_ESTABLISHED_REPLY;
	v.dir = IP_CT_DIR_REPLY;
	v.status = IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED;
	v.tcp_state = TCP_CONNTRACK_ESTABLISHED;
	v.expires = 432000;
	v.mark = 0x1;
	ctlog_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line,
			   "12345678901234567890123456789state=ESTABLISHED_REPLY status=SEEN_REPLY,ASSURED,CONFIRMED tcp=ESTABLISHED mark=0x1 ... ");
}

static void refuses(struct kunit *test)
{
	struct xt_ctlog_tginfo info = { .level = 4, .prefix = "good: \xc3\xa4" };
	unsigned int bad, c;

	KUNIT_EXPECT_NULL(test, ctlog_validate(&info, &bad));
	for (c = 1; c < 256; c++) {
		info.prefix[3] = c;
		KUNIT_EXPECT_EQ(test, !ctlog_validate(&info, &bad), c >= ' ' && c != 0x7f);
	}
	memset(info.prefix, 'x', sizeof(info.prefix));
	KUNIT_EXPECT_NOT_NULL(test, ctlog_validate(&info, &bad));
	info = (struct xt_ctlog_tginfo){ .level = 8 };
	KUNIT_EXPECT_NOT_NULL(test, ctlog_validate(&info, &bad));
	info = (struct xt_ctlog_tginfo){ .group = 1 };
	KUNIT_EXPECT_NOT_NULL(test, ctlog_validate(&info, &bad));
	info = (struct xt_ctlog_tginfo){ .flags = XT_CTLOG_NFLOG, .group = 1 };
	KUNIT_EXPECT_NULL(test, ctlog_validate(&info, &bad));
	info.level = 1;
	KUNIT_EXPECT_NOT_NULL(test, ctlog_validate(&info, &bad));
	info = (struct xt_ctlog_tginfo){ .flags = XT_CTLOG_ZONE, .zone = U16_MAX };
	KUNIT_EXPECT_NULL(test, ctlog_validate(&info, &bad));
	info.flags = 0;
	KUNIT_EXPECT_NOT_NULL(test, ctlog_validate(&info, &bad));
	info = (struct xt_ctlog_tginfo){ .flags = 4 };
	KUNIT_EXPECT_NOT_NULL(test, ctlog_validate(&info, &bad));
	info = (struct xt_ctlog_tginfo){ .reserved = { 0, 0, 0, 1 } };
	KUNIT_EXPECT_NOT_NULL(test, ctlog_validate(&info, &bad));
	KUNIT_EXPECT_EQ(test, offsetof(struct xt_ctlog_tginfo, raw), 40);
	KUNIT_EXPECT_EQ(test, sizeof(struct xt_ctlog_tginfo), 48);
}

static struct kunit_case ctlog_cases[] = {
	KUNIT_CASE(lines),
	KUNIT_CASE(never_too_long),
	KUNIT_CASE(least_useful_first),
	KUNIT_CASE(refuses),
	{}
};

static struct kunit_suite ctlog_suite = {
	.name = "ctlog",
	.test_cases = ctlog_cases,
};

kunit_test_suite(ctlog_suite);
