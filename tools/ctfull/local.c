// SPDX-License-Identifier: GPL-2.0-only
/*
 * This machine's addresses: those of its interfaces, and whatever a route makes local
 * beside these (AnyIP, TPROXY, broadcast, anycast)
 */
#include <errno.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include "../lib/netlink.h"
#include "../lib/program.h"
#include "nets.h"

/* A dump that was interrupted may lack something; what any of so many has is taken. */
#define TRIES			5

/* Shorter than that, it is a route for everything, or half of it. */
#define CATCH_ALL_BITS		4

#define LOCAL			"it is this machine's address"
#define LOCAL_BY_ROUTE		"a route makes it this machine's address"

struct local {
	struct nets *nets;
	uint32_t *catch_all;
};

static int add_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *header = mnl_nlmsg_get_payload(nlh);
	struct local *local = data;
	const void *addr = NULL;
	const struct nlattr *attr;
	size_t len;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*header) ||
	    (header->ifa_family != AF_INET && header->ifa_family != AF_INET6))
		return 0;
	len = header->ifa_family == AF_INET ? 4 : 16;
	/* On a point-to-point link, IFA_ADDRESS is the other end's, and IFA_LOCAL comes too */
	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (mnl_attr_get_payload_len(attr) == len &&
		    (type == IFA_LOCAL || (type == IFA_ADDRESS && !addr)))
			addr = mnl_attr_get_payload(attr);
	}
	if (addr)
		nets_add(local->nets, header->ifa_family, addr, len * 8, LOCAL);
	return 0;
}

static int add_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct local *local = data;
	uint8_t addr[16] = { 0 };
	uint32_t table;
	size_t len;

	/* A kernel that does not filter gives all of them. */
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*header) ||
	    (header->rtm_family != AF_INET && header->rtm_family != AF_INET6) ||
	    (header->rtm_type != RTN_LOCAL && header->rtm_type != RTN_ANYCAST &&
	     header->rtm_type != RTN_BROADCAST))
		return 0;
	len = header->rtm_family == AF_INET ? 4 : 16;
	table = header->rtm_table;
	mnl_attr_for_each(attr, nlh, sizeof(*header)) {
		if (mnl_attr_get_type(attr) == RTA_DST && mnl_attr_get_payload_len(attr) == len)
			memcpy(addr, mnl_attr_get_payload(attr), len);
		else if (mnl_attr_get_type(attr) == RTA_TABLE &&
			 mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			table = mnl_attr_get_u32(attr);
	}
	if (header->rtm_dst_len < CATCH_ALL_BITS)
		*local->catch_all = table;
	else
		nets_add(local->nets, header->rtm_family, addr, header->rtm_dst_len,
			 LOCAL_BY_ROUTE);
	return 0;
}

static int dump(struct nl *nl, uint16_t type, const void *header, size_t len, nl_cb *cb,
		struct local *local)
{
	char buf[64] __attribute__((aligned(8)));
	int ret, tries;

	for (tries = 0; tries < TRIES; tries++) {
		ret = nl_request(nl, nl_message(buf, type, NLM_F_DUMP, header, len), cb, local);
		if (ret || !nl->interrupted)
			break;
	}
	return ret;
}

/**
 * nets_add_local - add this machine's addresses
 * @nets: to this list
 * @catch_all: becomes the table of a route that makes everything local, or 0. That is
 *	how TPROXY catches packets to whatever address: it says nothing of who sends
 *	them, and would leave nobody to be banned, so it is not added
 *
 * Returns 0 or a negative errno.
 */
int nets_add_local(struct nets *nets, uint32_t *catch_all)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	static const uint8_t types[] = { RTN_LOCAL, RTN_ANYCAST, RTN_BROADCAST };
	struct local local = { .nets = nets, .catch_all = catch_all };
	struct ifaddrmsg addresses = { .ifa_family = AF_UNSPEC };
	struct rtmsg routes = { 0 };
	static struct nl nl;
	unsigned int i, j;
	int ret, on = 1;

	*catch_all = 0;
	nets_add(nets, AF_INET, (uint8_t[]){ 127, 0, 0, 0 }, 8, LOCAL);
	nets_add(nets, AF_INET6, &in6addr_loopback, 128, LOCAL);
	ret = nl_open(&nl, NETLINK_ROUTE);
	if (ret)
		return ret;
	ret = dump(&nl, RTM_GETADDR, &addresses, sizeof(addresses), add_address, &local);
	/* The kernel then leaves out all other routes: a router may have a million. */
	mnl_socket_setsockopt(nl.sock, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		for (j = 0; !ret && j < ARRAY_SIZE(types); j++) {
			routes.rtm_family = families[i];
			routes.rtm_type = types[j];
			ret = dump(&nl, RTM_GETROUTE, &routes, sizeof(routes), add_route, &local);
			/* A kernel without IPv6 */
			if (ret == -EOPNOTSUPP && families[i] == AF_INET6)
				ret = 0;
		}
	}
	nl_close(&nl);
	return ret;
}
