// SPDX-License-Identifier: GPL-2.0-only
/*
 * For LD_PRELOAD: to a program that lists rules of nftables, it looks as if somebody had changed
 * some meanwhile; $INTERRUPT_DUMPS times, and then not any more.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define RULE	((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWRULE)

ssize_t mnl_socket_recvfrom(const struct mnl_socket *sock, void *buf, size_t size)
{
	static ssize_t (*real)(const struct mnl_socket *sock, void *buf, size_t size);
	static int left;
	struct nlmsghdr *nlh = buf;
	ssize_t got;

	if (!real) {
		*(void **)&real = dlsym(RTLD_NEXT, "mnl_socket_recvfrom");
		left = atoi(getenv("INTERRUPT_DUMPS"));
	}
	got = real(sock, buf, size);
	if (got > 0 && mnl_nlmsg_ok(nlh, got) && nlh->nlmsg_type == RULE && left > 0) {
		nlh->nlmsg_flags |= NLM_F_DUMP_INTR;
		left--;
	}
	return got;
}
