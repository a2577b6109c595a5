/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIB_XT_TABLE_H
#define LIB_XT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "netlink.h"

#define XT_FAMILIES		2
#define XT_TABLE_CHAINS		8
#define XT_TABLE_RULES		1024
#define XT_RULE_PARTS		24
#define XT_RULE_WORDS		128
#define XT_RULE_COUNTERS	2
#define XT_COMMENT_LEN		250

struct nftnl_chain;
struct nftnl_rule;

/**
 * struct xt_rule - a rule with matches and targets of xtables
 * @rule: libnftnl's
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @protocol: IPPROTO_*, if packets of this one only get here; else 0
 * @size: how long the data of its matches and targets are; bytes
 * @n: how many expressions it has
 * @text: each of them, as messages call it
 * @columns: of each of them
 * @file: where it stands; NULL: in no file
 * @line: its line there
 */
struct xt_rule {
	struct nftnl_rule *rule;
	uint8_t family, protocol;
	size_t size;
	unsigned int n;
	char *text[XT_RULE_PARTS];
	unsigned int columns[XT_RULE_PARTS];
	const char *file;
	unsigned int line;
};

/**
 * struct xt_table - a program's own nft tables, one for each family that has a chain
 * @nl: the socket that owns them: until it is closed, by whatever end of the program, nobody
 *	else changes or flushes them
 * @name: of the tables; nobody else may have one of this name
 * @chains: what xt_table_chain() has made
 * @n_chains: how many
 * @rules: what xt_table_rule() has made
 * @n_rules: how many
 * @made: the kernel has the tables
 * @persists: they do not go with @nl, but by xt_table_close()
 */
struct xt_table {
	struct nl nl;
	char name[32];
	struct nftnl_chain *chains[XT_TABLE_CHAINS];
	unsigned int n_chains;
	struct xt_rule rules[XT_TABLE_RULES];
	unsigned int n_rules;
	bool made, persists;
};

/**
 * struct xt_table_owner - whose tables are
 * @address: the netlink address of their owner's socket, which is most often its process's
 *	number; 0: there are none, or they belong to nobody
 * @left: their owner was killed, and they persist
 */
struct xt_table_owner {
	uint32_t address;
	bool left;
};

/**
 * struct xt_listed - a rule as the kernel has it
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @chain: the chain's name
 * @comment: what xt_rule_comment() has set, or ""
 * @n: how many counters it has
 * @packets: of each
 * @bytes: of each
 */
struct xt_listed {
	uint8_t family;
	const char *chain;
	char comment[XT_COMMENT_LEN + 1];
	unsigned int n;
	uint64_t packets[XT_RULE_COUNTERS], bytes[XT_RULE_COUNTERS];
};

/* The families, for loops */
extern const uint8_t xt_families[XT_FAMILIES];

int xt_table_open(struct xt_table *table, const char *name, bool persists);
void xt_table_close(struct xt_table *table);
void xt_table_chain(struct xt_table *table, uint8_t family, const char *name,
		    const char *type, unsigned int hook, int priority);
void xt_table_place(const char *file, unsigned int line, const unsigned int *columns);
struct xt_rule *xt_table_rule(struct xt_table *table, uint8_t family, const char *chain);
void xt_rule_interface(struct xt_rule *rule, bool out, bool equal, const char *name);
void xt_rule_protocol(struct xt_rule *rule, uint8_t protocol);
uint8_t xt_protocol(const char *text);
void xt_rule_port(struct xt_rule *rule, uint16_t first, uint16_t last);
void xt_rule_source(struct xt_rule *rule, const void *addr, unsigned int bits);
void xt_rule_accept(struct xt_rule *rule);
unsigned int xt_rule_words(struct xt_rule *rule, const char *const *words);
void xt_rule_mark(struct xt_rule *rule, uint32_t value, uint32_t mask);
void xt_rule_comment(struct xt_rule *rule, const char *text);
void xt_rule_counter(struct xt_rule *rule);
void xt_rule_limit(struct xt_rule *rule, uint64_t per_second, uint32_t burst);
void xt_table_forget_rules(struct xt_table *table);
int xt_table_commit(struct xt_table *table, char *why, size_t size);
int xt_table_check(struct xt_table *table, char *why, size_t size);
int xt_table_list(struct nl *nl, const char *name,
		  void (*take)(const struct xt_listed *rule, void *data), void *data);
int xt_table_counters(struct xt_table *table, uint64_t counters[XT_RULE_COUNTERS]);

int xt_table_owner(const char *name, struct xt_table_owner *owner);

#endif /* LIB_XT_TABLE_H */
