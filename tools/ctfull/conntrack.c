// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ctnetlink and the tracker's sysctls say. Functions that take a socket need one
 * of NETLINK_NETFILTER, and return 0 or a negative errno: see conntrack_error().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include "conntrack.h"

static int request(struct nl *nl, uint8_t type, uint16_t flags, uint8_t family, nl_cb *cb,
		   void *data)
{
	char buf[64] __attribute__((aligned(8)));

	return nl_request(nl, nfnl_message(buf, NFNL_SUBSYS_CTNETLINK << 8 | type, flags,
					   family), cb, data);
}

/**
 * conntrack_dump - read the table
 * @nl: a socket
 * @family: only entries of this family; AF_UNSPEC: all
 * @cb: takes each entry
 * @data: for @cb
 */
int conntrack_dump(struct nl *nl, uint8_t family, nl_cb *cb, void *data)
{
	return request(nl, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family, cb, data);
}

static int limits_cb(const struct nlmsghdr *nlh, void *data)
{
	struct limits *limits = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			continue;
		if (mnl_attr_get_type(attr) == CTA_STATS_GLOBAL_ENTRIES)
			limits->count = ntohl(mnl_attr_get_u32(attr));
		else if (mnl_attr_get_type(attr) == CTA_STATS_GLOBAL_MAX_ENTRIES)
			limits->max = ntohl(mnl_attr_get_u32(attr));
	}
	return 0;
}

/**
 * conntrack_limits - how full the table is
 * @nl: a socket
 * @limits: that; all 0 after an error
 */
int conntrack_limits(struct nl *nl, struct limits *limits)
{
	memset(limits, 0, sizeof(*limits));
	return request(nl, IPCTNL_MSG_CT_GET_STATS, 0, AF_UNSPEC, limits_cb, limits);
}

static int count_cb(const struct nlmsghdr *nlh __attribute__((unused)), void *data)
{
	++*(uint64_t *)data;
	return 0;
}

/**
 * conntrack_listed - how many entries are listed
 * @nl: a socket
 * @dying: those that have ended and wait for a reader, instead of the table's
 * @listed: so many
 */
int conntrack_listed(struct nl *nl, bool dying, uint64_t *listed)
{
	*listed = 0;
	return request(nl, dying ? IPCTNL_MSG_CT_GET_DYING : IPCTNL_MSG_CT_GET, NLM_F_DUMP,
		       AF_UNSPEC, count_cb, listed);
}

/**
 * conntrack_liberal - does the tracker take TCP segments whatever their numbers are?
 *
 * Returns 0, 1 or a negative errno.
 */
int conntrack_liberal(void)
{
	int fd = open("/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal",
		      O_RDONLY | O_CLOEXEC);
	char digit;
	int ret;

	if (fd < 0)
		return -errno;
	ret = read(fd, &digit, 1) == 1 ? digit != '0' : -EIO;
	close(fd);
	return ret;
}

/**
 * conntrack_unlisted - are far fewer entries listed than counted?
 * @count: conntrack_limits()'
 * @listed: how many are listed
 *
 * A few are always on their way in or out, and while a table is read it changes.
 */
bool conntrack_unlisted(uint32_t count, uint64_t listed)
{
	return count > listed && count - listed > 16 && count - listed > count / 10;
}

/**
 * conntrack_unlisted_text - print what that can mean
 * @out: where
 * @count: as above
 * @listed: as above
 * @dying: how many are known to wait for a reader
 */
void conntrack_unlisted_text(FILE *out, uint32_t count, uint64_t listed, uint64_t dying)
{
	fprintf(out, "%u counted, %llu listed: the others are held by packets in queues\n"
		"(NFQUEUE, a network card's, a socket that nobody reads), or have expired and wait\n"
		"to be collected, or have leaked; see ctfull(8)\n", count,
		(unsigned long long)listed);
	if (dying)
		fprintf(out, "%llu of them have ended and wait until a program has read of it\n",
			(unsigned long long)dying);
}

/**
 * conntrack_error - what an error means, and what helps
 * @error: a negative errno of these functions
 */
const char *conntrack_error(int error)
{
	switch (error) {
	case -EINVAL:
	case -EPROTONOSUPPORT:
	case -EOPNOTSUPP:
		return "the kernel has no ctnetlink: load it (modprobe nf_conntrack_netlink)";
	}
	return nl_error(error);
}
