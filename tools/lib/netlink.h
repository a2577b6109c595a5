/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIB_NETLINK_H
#define LIB_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libmnl/libmnl.h>

/**
 * struct nl - a netlink socket
 * @sock: libmnl's; NULL: it is closed
 * @seq: number of the last request
 * @interrupted: the kernel says that what it dumped has changed meanwhile
 * @buf: for answers; of a dump, the kernel sends up to 32 KiB at once
 */
struct nl {
	struct mnl_socket *sock;
	uint32_t seq;
	bool interrupted;
	char buf[1 << 16] __attribute__((aligned(8)));
};

/**
 * nl_cb - takes a message of an answer
 * @nlh: the message
 * @data: the caller's
 *
 * Returns 0, or a negative errno, which ends the request.
 */
typedef int nl_cb(const struct nlmsghdr *nlh, void *data);

/**
 * struct genl_family - a family of generic netlink
 * @id: type of its messages
 * @group: number of one of its multicast groups
 */
struct genl_family {
	uint16_t id;
	uint32_t group;
};

int nl_open(struct nl *nl, int bus);
void nl_close(struct nl *nl);
struct nlmsghdr *nl_message(void *buf, uint16_t type, uint16_t flags, const void *header,
			    size_t header_len);
struct nlmsghdr *nfnl_message(void *buf, uint16_t type, uint16_t flags, uint8_t family);
struct nlmsghdr *genl_message(void *buf, uint16_t type, uint16_t flags, uint8_t cmd);
int nl_request(struct nl *nl, struct nlmsghdr *nlh, nl_cb *cb, void *data);
int nl_receive(struct nl *nl, uint32_t seq, nl_cb *cb, void *data);
int genl_resolve(struct nl *nl, const char *name, const char *group,
		 struct genl_family *family);
const char *nl_error(int error);

#endif /* LIB_NETLINK_H */
