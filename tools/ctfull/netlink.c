// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests over netlink, and the generic netlink family "ctfull". Functions return 0
 * or more, or a negative errno.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <linux/genetlink.h>
#include <linux/netfilter/nfnetlink.h>
#include "ctfull.h"

int nl_open(struct nl *nl, int bus)
{
	int on = 1;

	nl->sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!nl->sock)
		return -errno;
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID)) {
		int error = -errno;

		nl_close(nl);
		return error;
	}
	/* Errors without a copy of the request; only saves time */
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	nl->seq = time(NULL);
	return 0;
}

void nl_close(struct nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

struct nlmsghdr *nl_message(void *buf, uint16_t type, uint16_t flags, const void *header,
			    size_t header_len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, header_len), header, header_len);
	return nlh;
}

struct nlmsghdr *nf_message(void *buf, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nfgenmsg header = {
		.nfgen_family = family,
		.version = NFNETLINK_V0,
	};

	return nl_message(buf, type, flags, &header, sizeof(header));
}

/* The answer to request @seq, up to its end: an acknowledgment, or that of a dump */
int nl_answer(struct nl *nl, uint32_t seq, nl_cb *cb, void *data)
{
	unsigned int portid = mnl_socket_get_portid(nl->sock);
	const struct nlmsghdr *nlh;
	ssize_t got;
	int len, ret;

	nl->interrupted = false;
	for (;;) {
		got = mnl_socket_recvfrom(nl->sock, nl->buf, sizeof(nl->buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		len = got;
		for (nlh = (const void *)nl->buf; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_seq != seq || nlh->nlmsg_pid != portid)
				continue;
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				nl->interrupted = true;
			/* Either begins with 0 or a negative errno */
			if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE) {
				if (mnl_nlmsg_get_payload_len(nlh) < sizeof(int))
					return nlh->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
				return *(const int *)mnl_nlmsg_get_payload(nlh);
			}
			if (nlh->nlmsg_type < NLMSG_MIN_TYPE || !cb)
				continue;
			ret = cb(nlh, data);
			if (ret < 0)
				return ret;
		}
	}
}

/* Sends @nlh, and reads the answer. What is no dump is to be acknowledged. */
int nl_request(struct nl *nl, struct nlmsghdr *nlh, nl_cb *cb, void *data)
{
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return nl_answer(nl, nlh->nlmsg_seq, cb, data);
}

static struct nlmsghdr *genl_message(void *buf, uint16_t type, uint16_t flags, uint8_t cmd)
{
	struct genlmsghdr header = {
		.cmd = cmd,
		.version = 1, /* of nlctrl, and of ctfull */
	};

	return nl_message(buf, type, flags, &header, sizeof(header));
}

struct resolve {
	const char *group;
	struct genl_family *family;
};

static uint32_t attr_u32(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint32_t) ? 0 : mnl_attr_get_u32(attr);
}

static uint64_t attr_u64(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint64_t) ? 0 : mnl_attr_get_u64(attr);
}

static uint16_t attr_u16(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr) < sizeof(uint16_t) ? 0 : mnl_attr_get_u16(attr);
}

static int resolve_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr, *group, *part;
	const struct resolve *resolve = data;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
			resolve->family->id = attr_u16(attr);
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr) {
			const char *name = "";
			uint32_t id = 0;

			mnl_attr_for_each_nested(part, group) {
				if (mnl_attr_get_type(part) == CTRL_ATTR_MCAST_GRP_NAME &&
				    !mnl_attr_validate(part, MNL_TYPE_NUL_STRING))
					name = mnl_attr_get_str(part);
				else if (mnl_attr_get_type(part) == CTRL_ATTR_MCAST_GRP_ID)
					id = attr_u32(part);
			}
			if (!strcmp(name, resolve->group))
				resolve->family->group = id;
		}
	}
	return 0;
}

/* -ENOENT: there is no such family */
int genl_resolve(struct nl *nl, const char *name, const char *group,
		 struct genl_family *family)
{
	struct resolve resolve = { .group = group, .family = family };
	/* 0, also between attributes, which libmnl leaves as it is */
	char buf[256] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh;

	memset(family, 0, sizeof(*family));
	nlh = genl_message(buf, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	return nl_request(nl, nlh, resolve_cb, &resolve);
}

static void attr_copy(void *to, size_t size, const struct nlattr *attr)
{
	size_t len = mnl_attr_get_payload_len(attr);

	memcpy(to, mnl_attr_get_payload(attr), len < size ? len : size);
}

void report_parse(const struct nlmsghdr *nlh, struct report *report)
{
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(report, 0, sizeof(*report));
	report->cmd = header->cmd;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type > CTFULL_A_MAX)
			continue;
		report->has |= 1U << type;
		switch (type) {
		case CTFULL_A_COUNT:
			report->count = attr_u32(attr);
			break;
		case CTFULL_A_LIMIT:
			report->max = attr_u32(attr);
			break;
		case CTFULL_A_LEVEL:
			report->level = attr_u32(attr);
			break;
		case CTFULL_A_ROOM:
			report->room = attr_u32(attr);
			break;
		case CTFULL_A_WARN_AT:
			report->warn_at = attr_u32(attr);
			break;
		case CTFULL_A_REFUSED:
			report->refused = attr_u64(attr);
			break;
		case CTFULL_A_UNTRACKED:
			report->untracked = attr_u64(attr);
			break;
		case CTFULL_A_RESERVED:
			report->reserved = attr_u64(attr);
			break;
		case CTFULL_A_LOGGED:
			report->logged = attr_u64(attr);
			break;
		case CTFULL_A_SUPPRESSED:
			report->suppressed = attr_u64(attr);
			break;
		case CTFULL_A_PEAK:
			report->peak = attr_u32(attr);
			break;
		case CTFULL_A_PEAK_TIME:
			report->peak_time = attr_u64(attr);
			break;
		case CTFULL_A_RULES:
			report->rules = attr_u32(attr);
			break;
		case CTFULL_A_SEQ:
			report->seq = attr_u64(attr);
			break;
		case CTFULL_A_FAMILY:
			report->family = attr_u32(attr);
			break;
		case CTFULL_A_SRC:
			attr_copy(report->src, sizeof(report->src), attr);
			break;
		case CTFULL_A_DST:
			attr_copy(report->dst, sizeof(report->dst), attr);
			break;
		case CTFULL_A_PROTOCOL:
			report->protocol = attr_u32(attr);
			break;
		case CTFULL_A_SPORT:
			report->sport = ntohs(attr_u16(attr));
			break;
		case CTFULL_A_DPORT:
			report->dport = ntohs(attr_u16(attr));
			break;
		case CTFULL_A_ICMP_TYPE:
			report->icmp_type = attr_u32(attr);
			break;
		case CTFULL_A_ZONE:
			report->zone = attr_u32(attr);
			break;
		case CTFULL_A_IIF:
			attr_copy(report->in, sizeof(report->in) - 1, attr);
			break;
		case CTFULL_A_OIF:
			attr_copy(report->out, sizeof(report->out) - 1, attr);
			break;
		case CTFULL_A_ACTION:
			report->action = attr_u32(attr);
			break;
		case CTFULL_A_ERROR:
			report->error = attr_u64(attr);
			break;
		}
	}
}

static int get_cb(const struct nlmsghdr *nlh, void *data)
{
	report_parse(nlh, data);
	return 0;
}

static int get_figures(struct nl *nl, uint16_t id, struct report *figures)
{
	char buf[64] __attribute__((aligned(8)));
	int ret;

	memset(figures, 0, sizeof(*figures));
	ret = nl_request(nl, genl_message(buf, id, 0, CTFULL_CMD_GET), get_cb, figures);
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

/* Returns how many there are, up to @max */
static int get_sources(struct nl *nl, uint16_t id, struct report *list, unsigned int max)
{
	struct sources sources = { .list = list, .max = max };
	char buf[64] __attribute__((aligned(8)));
	int ret;

	ret = nl_request(nl, genl_message(buf, id, NLM_F_DUMP, CTFULL_CMD_GET_SOURCES),
			 sources_cb, &sources);
	return ret ? ret : (int)sources.n;
}

/*
 * For the network namespace that this thread is in. @figures may be NULL; returns how
 * many sources there are, up to @max.
 */
int ctfull_read(struct report *figures, struct report *sources, unsigned int max)
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

/* Of the functions above, and of events.c */
const char *ctfull_error(int error)
{
	switch (error) {
	case -ENOENT:
		return "the kernel has no ctfull: load xt_ctfull (modprobe xt_ctfull)";
	case -EPERM:
		return "not permitted: CAP_NET_ADMIN is needed (run it as root)";
	case -EBADMSG:
		return "the kernel's answer is not understood: xt_ctfull has another version";
	}
	return strerror(-error);
}

json_t *sources_json(const struct report *sources, int n)
{
	json_t *array = json_array();
	char addr[ADDR_LEN];
	int i;

	for (i = 0; i < n; i++)
		json_array_append_new(array,
				      json_pack("{s:s, s:I, s:I}", "source",
						addr_text(sources[i].family, sources[i].src,
							  addr),
						"refused", (json_int_t)sources[i].refused,
						"error", (json_int_t)sources[i].error));
	return array;
}

void sources_text(FILE *out, const struct report *sources, int n)
{
	char addr[ADDR_LEN];
	int i;

	for (i = 0; i < n; i++) {
		fprintf(out, "%10llu  %s", (unsigned long long)sources[i].refused,
			addr_text(sources[i].family, sources[i].src, addr));
		if (sources[i].error)
			fprintf(out, "  (up to %llu of them from others)",
				(unsigned long long)sources[i].error);
		fputc('\n', out);
	}
}
