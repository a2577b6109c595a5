// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages for the generic netlink family ctfull, at random: known and unknown requests, broken
 * ones, lists that nobody reads to their ends, and listeners that do not read at all. The family
 * comes and goes meanwhile. Prints NAME ACCEPTED REFUSED.
 *
 * genl SECONDS SEED [fail]
 */
#include "attack.h"
#include <linux/genetlink.h>
#include <linux/netfilter/xt_ctfull.h>

enum what { GET, LIST, SOURCES, UNKNOWN, BROKEN, N_WHAT };

static const char *const names[] = { "get", "list", "sources", "unknown", "broken_genl" };
static unsigned int accepted[N_WHAT], refused[N_WHAT];
static unsigned int resolved, unresolved, answers, listeners, events, half_read;

static void count(__u32 seq, int error)
{
	if (seq < N_WHAT)
		(*(error ? &refused[seq] : &accepted[seq]))++;
}

/* The number of the family, or 0, and of its group */
static __u16 resolve(int fd, struct attack_messages *m, int *group)
{
	static __u8 buffer[8192];
	struct genlmsghdr header = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	struct nlmsghdr *h = (void *)buffer;
	__u16 family = 0;
	unsigned int at;
	ssize_t len;

	attack_message(m, GENL_ID_CTRL, 0, N_WHAT);
	attack_put(m, &header, sizeof(header));
	attack_attr_text(m, CTRL_ATTR_FAMILY_NAME, CTFULL_GENL_NAME);
	attack_message_end(m);
	attack_send(fd, m);
	do {
		len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	} while (len > 0 && h->nlmsg_seq != N_WHAT);
	if (len <= 0 || h->nlmsg_type != GENL_ID_CTRL) {
		unresolved++;
		return 0;
	}
	resolved++;
	for (at = NLMSG_HDRLEN + GENL_HDRLEN; at + 8 <= (size_t)len;) {
		struct nlattr *attr = (void *)(buffer + at);

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(__u16 *)(attr + 1);
		/* of one group, the first: nests, and in the inner one its name and number */
		if ((attr->nla_type & NLA_TYPE_MASK) == CTRL_ATTR_MCAST_GROUPS) {
			for (at += 8; at + 8 <= (size_t)len; at += NLA_ALIGN(attr->nla_len)) {
				attr = (void *)(buffer + at);
				if (attr->nla_type == CTRL_ATTR_MCAST_GRP_ID)
					*group = *(__u32 *)(attr + 1);
				if (!attr->nla_len)
					break;
			}
			break;
		}
		if (!attr->nla_len)
			break;
		at += NLA_ALIGN(attr->nla_len);
	}
	return family;
}

static void one(struct attack_messages *m, __u16 family)
{
	static const struct { enum what what; __u8 cmd; __u16 flags; } some[] = {
		{ GET, CTFULL_CMD_GET, 0 }, { LIST, CTFULL_CMD_GET, NLM_F_DUMP },
		{ SOURCES, CTFULL_CMD_GET_SOURCES, NLM_F_DUMP },
	};
	struct genlmsghdr header = { .version = attack_one_in(20) ? attack_number() : 1 };
	unsigned int i = attack_below(N_ITEMS(some));
	enum what what = some[i].what;
	__u16 flags = some[i].flags;
	__u8 random[64];
	unsigned int n;

	header.cmd = some[i].cmd;
	if (attack_one_in(10)) {
		what = UNKNOWN;
		header.cmd = attack_number();
		flags = attack_one_in(2) ? NLM_F_DUMP : attack_number();
	}
	if (attack_one_in(30))
		header.reserved = attack_random();
	attack_message(m, family, flags | NLM_F_ACK, what);
	attack_put(m, &header, sizeof(header));
	if (attack_one_in(6)) {
		if (what != UNKNOWN)
			what = BROKEN;
		attack_bytes(random, sizeof(random));
		for (n = attack_below(4); n; n--)
			attack_attr(m, attack_below(40) | (attack_one_in(4) ? NLA_F_NESTED : 0),
				    random, attack_below(sizeof(random)));
		if (attack_one_in(4))
			attack_break_message(m, sizeof(struct nlmsghdr));
	}
	((struct nlmsghdr *)(m->bytes + m->start))->nlmsg_seq = what;
	attack_message_end(m);
}

/* A socket that wants to be told, and reads seldom or not */
static int listen_to(int group)
{
	int fd = attack_netlink(NETLINK_GENERIC), size = 1;

	if (group && !setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		listeners++;
	if (attack_one_in(2))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

int main(int argc, char **argv)
{
	static struct attack_messages m;
	int fd, deaf[8], group = 0;
	__u16 family = 0;
	unsigned int i;

	attack_begin(argc, argv, 30);
	fd = attack_netlink(NETLINK_GENERIC);
	for (i = 0; i < N_ITEMS(deaf); i++)
		deaf[i] = listen_to(0);
	if (argc > 3)
		attack_fail(20);
	while (attack_goes_on()) {
		if (!family || attack_one_in(8))
			family = resolve(fd, &m, &group);
		if (attack_one_in(4)) {
			i = attack_below(N_ITEMS(deaf));
			if (attack_one_in(2))
				events += attack_read(deaf[i], NULL);
			close(deaf[i]);
			deaf[i] = listen_to(group);
		}
		if (!family)
			continue;
		for (i = 0; i <= attack_below(16); i++)
			one(&m, family);
		attack_send(fd, &m);
		if (attack_one_in(10)) {
			half_read++;
			close(fd);
			fd = attack_netlink(NETLINK_GENERIC);
		}
		answers += attack_read(fd, count);
		/* A list that is being read keeps the module. */
		if (attack_one_in(100))
			usleep(100000);
	}
	for (i = 0; i < N_WHAT; i++)
		printf("%s %u %u\n", names[i], accepted[i], refused[i]);
	printf("resolved %u %u\nanswers %u 0\nlisteners %u 0\nevents %u 0\nhalf_read %u 0\n",
	       resolved, unresolved, answers, listeners, events, half_read);
	printf("failed %u 0\n", attack_failed);
	return 0;
}
