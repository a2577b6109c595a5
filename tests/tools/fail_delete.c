// SPDX-License-Identifier: GPL-2.0-only
/*
 * For LD_PRELOAD: to a program that deletes conntrack entries, one deletion in a hundred
 * looks as if it had failed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#define DELETE	((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE)

ssize_t mnl_socket_recvfrom(const struct mnl_socket *sock, void *buf, size_t size)
{
	static ssize_t (*real)(const struct mnl_socket *sock, void *buf, size_t size);
	static unsigned int n;
	struct nlmsghdr *nlh = buf;
	ssize_t got;
	int len;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "mnl_socket_recvfrom");
	got = real(sock, buf, size);
	for (len = got; got > 0 && mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

		if (nlh->nlmsg_type != NLMSG_ERROR || error->msg.nlmsg_type != DELETE)
			continue;
		if (++n % 100 == 10)
			error->error = -ENOMEM;
	}
	return got;
}
