/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIB_OUTPUT_H
#define LIB_OUTPUT_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <jansson.h>

/* Text of an address */
#define ADDR_LEN		INET6_ADDRSTRLEN

/* Room for a name of 255 bytes, each of which becomes four */
#define UTF8_LEN		(4 * 255 + 5)

/* A double has more digits than what is 12.3 really. */
#define JSON_DIGITS		JSON_REAL_PRECISION(15)

char *utf8_text(const char *text, char *utf8, size_t size);
void name_text(const char *name, char *text, size_t size);
json_t *json_name(const char *name);
void json_print(json_t *json, size_t flags);
const char *addr_text(uint8_t family, const void *addr, char *text);
const char *time_text(time_t seconds, char *text, size_t size);
const char *protocol_name(uint8_t protocol, char *text, size_t size);
json_t *json_percent(uint64_t part, uint64_t whole);
unsigned int per_mille(uint64_t part, uint64_t whole);

#endif /* LIB_OUTPUT_H */
