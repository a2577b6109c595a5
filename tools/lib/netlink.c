// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests over netlink, one at a time
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <linux/genetlink.h>
#include <linux/netfilter/nfnetlink.h>
#include "netlink.h"

/**
 * nl_open - open a socket in the network namespace that this thread is in
 * @nl: the socket
 * @bus: NETLINK_*
 *
 * Returns 0 or a negative errno. nl_close() is allowed in either case.
 */
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

/**
 * nl_close - close a socket
 * @nl: the socket, open or not
 */
void nl_close(struct nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

/**
 * nl_message - begin a request
 * @buf: where it is made
 * @type: of the message
 * @flags: beside NLM_F_REQUEST
 * @header: what comes before the attributes
 * @header_len: how many bytes this has
 */
struct nlmsghdr *nl_message(void *buf, uint16_t type, uint16_t flags, const void *header,
			    size_t header_len)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(nlh, header_len), header, header_len);
	return nlh;
}

/**
 * nfnl_message - nl_message() for nfnetlink
 */
struct nlmsghdr *nfnl_message(void *buf, uint16_t type, uint16_t flags, uint8_t family)
{
	struct nfgenmsg header = {
		.nfgen_family = family,
		.version = NFNETLINK_V0,
	};

	return nl_message(buf, type, flags, &header, sizeof(header));
}

/**
 * genl_message - nl_message() for generic netlink, version 1 of a family
 */
struct nlmsghdr *genl_message(void *buf, uint16_t type, uint16_t flags, uint8_t cmd)
{
	struct genlmsghdr header = { .cmd = cmd, .version = 1 };

	return nl_message(buf, type, flags, &header, sizeof(header));
}

/**
 * nl_receive - read the answer to a request that was sent
 * @nl: the socket
 * @seq: the request's number; other messages are passed over
 * @cb: takes each message; NULL: nobody does
 * @data: for @cb
 *
 * An answer ends with an acknowledgment, or with that of a dump. Returns 0, the
 * kernel's negative errno, @cb's, or that of recvmsg(2): -ENOBUFS: answers are lost.
 */
int nl_receive(struct nl *nl, uint32_t seq, nl_cb *cb, void *data)
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

/**
 * nl_request - send a request and read the answer
 * @nl: the socket
 * @nlh: the request; gets a number, and is acknowledged if it is no dump
 * @cb: as nl_receive()'s
 * @data: for @cb
 *
 * Returns 0 or a negative errno, as nl_receive().
 */
int nl_request(struct nl *nl, struct nlmsghdr *nlh, nl_cb *cb, void *data)
{
	if ((nlh->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = ++nl->seq;
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return nl_receive(nl, nlh->nlmsg_seq, cb, data);
}

struct resolve {
	const char *group;
	struct genl_family *family;
};

static void resolve_group(const struct nlattr *group, const struct resolve *resolve)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			name = mnl_attr_get_str(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID &&
			 mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			id = mnl_attr_get_u32(attr);
	}
	if (!strcmp(name, resolve->group))
		resolve->family->group = id;
}

static int resolve_cb(const struct nlmsghdr *nlh, void *data)
{
	const struct resolve *resolve = data;
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			resolve->family->id = mnl_attr_get_u16(attr);
		else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, attr)
				resolve_group(group, resolve);
	}
	return 0;
}

/**
 * genl_resolve - find a family and one of its multicast groups
 * @nl: a socket of NETLINK_GENERIC
 * @name: the family's
 * @group: the group's
 * @family: what was found; all 0 if it was not
 *
 * Returns 0, -ENOENT if there is no such family, or another negative errno.
 */
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

/**
 * nl_error - what an error means, and what helps
 * @error: a negative errno of these functions
 */
const char *nl_error(int error)
{
	return error == -EPERM ? "not permitted: CAP_NET_ADMIN is needed (run it as root)" :
	       strerror(-error);
}
