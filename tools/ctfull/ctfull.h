/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_H
#define CTFULL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/xt_ctfull.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Exit status: 0, 1 and 2 are levels, as a monitoring system has them. */
#define EXIT_ERROR		3

/* Text of an address */
#define ADDR_LEN		INET6_ADDRSTRLEN

/* How many sources of refused packets are shown */
#define SOURCES			5

/* --- main.c --- */

#define SEE_HELP		"see --help"

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
long long now_ms(void);
void no_arguments(char **argv);
unsigned int number(const char *option, const char *text, unsigned int min, unsigned int max);
void print_json(json_t *json, size_t flags);
const char *addr_text(uint8_t family, const void *addr, char *text);
const char *time_text(time_t seconds, char *text, size_t size);
const char *protocol_name(uint8_t protocol, char *text, size_t size);
const char *level_name(uint32_t level);
unsigned int per_mille(uint64_t part, uint64_t whole);

int status_main(int argc, char **argv);
int top_main(int argc, char **argv);
int monitor_main(int argc, char **argv);
int guard_main(int argc, char **argv);
int metrics_main(int argc, char **argv);

/* --- netlink.c --- */

/* A netlink socket. The kernel fills up to 32 KiB for a dump if there is room. */
struct nl {
	struct mnl_socket *sock;
	uint32_t seq;
	bool interrupted;	/* the last dump saw changes */
	char buf[1 << 16] __attribute__((aligned(8)));
};

/* What a caller makes of each message of an answer; < 0, an error, ends it */
typedef int nl_cb(const struct nlmsghdr *nlh, void *data);

int nl_open(struct nl *nl, int bus);
void nl_close(struct nl *nl);
struct nlmsghdr *nl_message(void *buf, uint16_t type, uint16_t flags, const void *header,
			    size_t header_len);
struct nlmsghdr *nf_message(void *buf, uint16_t type, uint16_t flags, uint8_t family);
int nl_request(struct nl *nl, struct nlmsghdr *nlh, nl_cb *cb, void *data);
int nl_answer(struct nl *nl, uint32_t seq, nl_cb *cb, void *data);

struct genl_family {
	uint16_t id;
	uint32_t group;
};

int genl_resolve(struct nl *nl, const char *name, const char *group,
		 struct genl_family *family);

/* What the kernel says in a message of the family "ctfull", see xt_ctfull.h */
struct report {
	uint8_t cmd;
	uint32_t has;		/* bits: 1 << CTFULL_A_... */
	uint32_t count, max, level, warn_at, peak, rules;
	uint64_t refused, untracked, reserved, logged, suppressed, error;
	uint64_t peak_time;
	uint64_t seq;
	uint32_t family, protocol, icmp_type, zone, action;
	uint16_t sport, dport;
	uint8_t src[16], dst[16];
	char in[IFNAMSIZ], out[IFNAMSIZ];
};

static inline bool report_has(const struct report *report, int attr)
{
	return report->has & (1U << attr);
}

void report_parse(const struct nlmsghdr *nlh, struct report *report);

int ctfull_read(struct report *figures, struct report *sources, unsigned int max);
const char *ctfull_error(int error);
json_t *sources_json(const struct report *sources, int n);
void sources_text(FILE *out, const struct report *sources, int n);

/* --- events.c --- */

struct events {
	struct nl nl;
	struct genl_family family;
	int signals;		/* a signalfd */
	bool present;		/* xt_ctfull is loaded */
	uint64_t next;		/* number of the next event; 0: not known */
};

/* What events_wait() has seen */
#define EVENTS_STOP		1	/* SIGTERM or SIGINT */
#define EVENTS_RESYNC		2	/* events were lost, or xt_ctfull came back */
#define EVENTS_CHILD		4	/* SIGCHLD */

/* An event, and how many were lost before it */
typedef void event_cb(const struct report *event, uint64_t lost, void *data);

int events_open(struct events *ev);
int events_wait(struct events *ev, int timeout, event_cb *cb, void *data);

/* --- netns.c --- */

/* With @error, the namespace could not be entered */
typedef void netns_cb(const char *name, int error, void *data);

void visit_netns(netns_cb *cb, void *data);

/* --- table.c --- */

enum counted {
	BY_SRC,
	BY_DST,
	BY_DPORT,
	BY_PROTO,
	BY_STATE,
	BY_ZONE,
};

/* What entries are counted by; what is not used is 0. No padding: it is hashed. */
struct key {
	uint32_t addr[4];
	uint8_t family;
	uint8_t protocol;
	uint16_t number;	/* port, state or zone */
};

struct slot {
	struct key key;
	uint32_t entries;	/* 0: a free slot */
};

struct table {
	struct slot *slots;
	size_t size;		/* a power of 2 */
	size_t used;
	uint64_t seed[2];
	uint64_t total;		/* entries */
	bool approximate;	/* the table changed too much while it was read */
};

int conntrack_dump(struct nl *nl, uint8_t family, nl_cb *cb, void *data);
int conntrack_limits(struct nl *nl, uint32_t *count, uint32_t *max);
const char *conntrack_error(int error);
bool key_parse(const struct nlmsghdr *nlh, enum counted by, struct key *key);
int table_read(struct table *table, struct nl *nl, enum counted by, uint8_t family);
unsigned int table_top(const struct table *table, const struct slot **top, unsigned int n);
void table_free(struct table *table);

/* --- nftset.c --- */

/* A set of nftables that addresses are put in */
struct nftset {
	const char *name;
	uint8_t family;		/* NFPROTO_IPV4 or NFPROTO_IPV6; 0: not looked up */
};

struct nftable {
	uint8_t family;
	char name[256];
};

int nftset_look_up(struct nl *nl, const struct nftable *table, struct nftset *set,
		   char *why, size_t size);
int nftset_has(struct nl *nl, const struct nftable *table, const struct nftset *set,
	       const struct key *key);

struct nftset_item {
	const struct nftset *set;
	const struct key *key;
};

int nftset_add(struct nl *nl, const struct nftable *table, const struct nftset_item *items,
	       unsigned int n, uint64_t timeout_ms);

#endif /* CTFULL_H */
