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
#define EXIT_INTERRUPTED	4	/* of what runs on: an error that may not last */

/* Text of an address */
#define ADDR_LEN		INET6_ADDRSTRLEN

/* A double has more digits than what is 12.3 really. */
#define JSON_DIGITS		JSON_REAL_PRECISION(15)

/* How many sources of refused packets are shown */
#define SOURCES			5

/* --- main.c --- */

#define SEE_HELP		"see --help"

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void give_up(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
__attribute__((noreturn)) void no_memory(void);
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
long long now_ms(void);
void no_arguments(char **argv);
unsigned int number(const char *option, const char *text, unsigned int min, unsigned int max);
json_t *json_name(const char *name);
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

/* --- text.c --- */

/* Room for a name of 255 bytes, each of which becomes four */
#define UTF8_LEN		(4 * 255 + 5)

char *utf8_text(const char *text, char *utf8, size_t size);

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
	uint32_t count, max, level, warn_at, peak, rules, room;
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
	bool waits;		/* nothing is done while it is not */
	uint64_t next;		/* number of the next event; 0: not known */
};

/* What events_wait() has seen */
#define EVENTS_STOP		1	/* SIGTERM or SIGINT */
#define EVENTS_RESYNC		2	/* events were lost, or xt_ctfull came back */
#define EVENTS_CHILD		4	/* SIGCHLD */

/* An event, and how many were lost before it */
typedef void event_cb(const struct report *event, uint64_t lost, void *data);

int events_open(struct events *ev, bool waits);
int events_wait(struct events *ev, int timeout, event_cb *cb, void *data);

/* --- netns.c --- */

/* With @error, the namespace could not be entered */
typedef void netns_cb(const char *name, int error, void *data);

void visit_netns(netns_cb *cb, void *data);
const char *netns_error(int error, char *text, size_t size);

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
	uint8_t protocol;	/* of an address: how many bits count, 0: all */
	uint16_t number;	/* port, state or zone; of an address: its zone */
};

/* How entries are counted */
struct counting {
	enum counted by;
	uint8_t family;		/* only of this family; 0: of all */
	bool zones;		/* addresses of different zones are different ones */
	bool replied;		/* only entries whose source has most likely seen a reply */
	bool liberal;		/* nf_conntrack_tcp_be_liberal: see shook_hands() */
	bool settle;		/* read it again if far fewer are listed than counted */
	uint8_t prefix6;	/* so many bits of an IPv6 address count; 0: all */
	/* Of these IPv6 networks, as key_mask() leaves them, also each address counts. */
	const struct key *split;
	unsigned int n_split;
};

struct slot {
	struct key key;
	uint32_t entries : 31;
	uint32_t split : 1;	/* both 0: a free slot */
};

struct table {
	struct slot *slots;
	size_t size;		/* a power of 2 */
	size_t used;
	uint64_t seed[2];
	uint64_t total;		/* entries, also those that do not count */
	bool approximate;	/* the table changed too much while it was read */
};

int conntrack_dump(struct nl *nl, uint8_t family, nl_cb *cb, void *data);
int conntrack_limits(struct nl *nl, uint32_t *count, uint32_t *max);
int conntrack_listed(struct nl *nl, bool dying, uint64_t *listed);
int conntrack_liberal(void);
bool conntrack_held(uint32_t count, uint64_t listed);
void conntrack_held_text(FILE *out, uint32_t count, uint64_t listed, uint64_t dying);
const char *conntrack_error(int error);
void key_mask(struct key *key, unsigned int bits);
bool key_parse(const struct nlmsghdr *nlh, const struct counting *how, struct key *key,
	       uint32_t *id);
int table_read(struct table *table, struct nl *nl, const struct counting *how);
unsigned int table_top(const struct table *table, const struct slot **top, unsigned int n);
void table_free(struct table *table);

/* --- nets.c --- */

/* Text of an address, or of a network */
#define KEY_LEN			(ADDR_LEN + 4)

struct net {
	struct key key;
	bool all;		/* of no bits: all addresses of the family */
	const char *why;	/* what is said of who is in it */
};

struct nets {
	struct net *list;
	unsigned int n;
	uint32_t catch_all;	/* table of a route that makes everything local; 0: none */
};

unsigned int key_bits(const struct key *key);
bool key_within(const struct key *key, const struct key *net);
const char *key_text(const struct key *key, char *text);
void nets_parse(struct nets *nets, const char *text, const char *why);
int nets_local(struct nets *nets);
const struct net *nets_find(const struct nets *nets, const struct key *key);
void nets_free(struct nets *nets);

/* --- command.c --- */

/* Of a command's environment */
struct variable {
	const char *name, *value;
};

void commands_open(void);
void command_run(const char *line, const char *source, const struct variable *variables,
		 unsigned int n);
long long commands_reap(void);

/* --- nftset.c --- */

/* A set of nftables that addresses are put in */
struct nftset {
	const char *name;
	uint8_t family;		/* NFPROTO_IPV4 or NFPROTO_IPV6; 0: not looked up */
	bool interval;		/* takes networks */
};

struct nftable {
	const char *text;	/* as it was given */
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
