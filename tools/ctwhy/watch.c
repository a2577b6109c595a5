// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctwhy watch - INVALID packets as they come
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/output.h"
#include "../lib/program.h"
#include "capture.h"
#include "commands.h"
#include "connection.h"
#include "pcapng.h"

static unsigned int left;		/* so many packets are to come; 0: any number */
static bool satisfied;			/* they have come */
static bool as_json;
static const char *pcap_path;
static struct pcapng pcap;
static struct nl ctnetlink;

static const char usage[] =
	"usage: ctwhy watch [OPTION]...\n"
	"\n"
	"Prints INVALID packets as they come, one per line: time, reason, interface, protocol,\n"
	"both ends, and what else is in its headers; behind \"of\", the connection that it nearly\n"
	"belonged to. After ^C, how many there were, and what to do.\n";

static struct opt options[3 + CAPTURE_OPTIONS] = {
	OPT_NUMBER('n', "number", "N", &left, 1, UINT32_MAX, "ends after N packets"),
	OPT_FLAG('j', "json", &as_json, "as JSON, an object per line"),
	OPT_TEXT('w', "pcap", "FILE", &pcap_path, "also to FILE, for Wireshark, with the reason"),
};

/* The tracker has none of a packet that starts nothing, or that is about nothing. */
static bool find_connection(const struct event *event, struct connection *connection)
{
	return event->reason != XT_CTSTATE2_REASON_TCP_NEW &&
	       event->reason != XT_CTSTATE2_REASON_ICMP_UNRELATED && ctnetlink.sock &&
	       connection_find(&ctnetlink, &event->packet, capture_zone(), connection);
}

static void connection_text(const struct connection *connection, char *text, size_t size)
{
	char ends[160];

	snprintf(text, size, " of %s%s%s%s", connection->state ? connection->state : "",
		 connection->state ? " " : "",
		 ends_text(&connection->original, ends, sizeof(ends)),
		 connection->reply ? " REPLY" : " ORIGINAL");
}

/* "in=eth0", or "out=eth0" for what this machine sends */
static void interface_text(const struct event *event, char *text, size_t size)
{
	char name[IFNAMSIZ];

	name_text(*event->in ? event->in : event->out, name, sizeof(name));
	snprintf(text, size, "%s=%s", *event->in ? "in" : "out", name);
}

static void print_text(const struct event *event, const struct connection *connection)
{
	char packet[PACKET_LEN], interface[32], entry[256] = "", clock[16];
	const struct timeval *when = &event->logged->when;
	struct tm tm;

	if (!localtime_r(&when->tv_sec, &tm) || !strftime(clock, sizeof(clock), "%T", &tm))
		snprintf(clock, sizeof(clock), "?");
	interface_text(event, interface, sizeof(interface));
	if (connection)
		connection_text(connection, entry, sizeof(entry));
	printf("%s.%06ld %s %s %s%s\n", clock, (long)when->tv_usec, reasons[event->reason].name,
	       interface, packet_text(&event->packet, packet, sizeof(packet)), entry);
	flush_output();
}

static void set_integer(json_t *json, const char *key, json_int_t value)
{
	json_object_set_new(json, key, json_integer(value));
}

static json_t *connection_json(const struct connection *connection)
{
	json_t *json = ends_json(&connection->original);

	if (connection->state)
		json_object_set_new(json, "state", json_string(connection->state));
	json_object_set_new(json, "direction",
			    json_string(connection->reply ? "REPLY" : "ORIGINAL"));
	return json;
}

static void print_json(const struct event *event, const struct connection *connection)
{
	const struct packet *packet = &event->packet;
	const struct timeval *when = &event->logged->when;
	json_t *json = ends_json(&packet->ends);
	char seconds[32], time[48], flags[9];

	if (!json)
		no_memory();
	/* A fraction stands before the zone, which has five characters. */
	time_text(when->tv_sec, seconds, sizeof(seconds));
	snprintf(time, sizeof(time), "%.19s.%06ld%s", seconds, (long)when->tv_usec,
		 strlen(seconds) > 19 ? seconds + 19 : "");
	json_object_set_new(json, "event", json_string("packet"));
	json_object_set_new(json, "time", json_string(time));
	json_object_set_new(json, "reason", json_string(reasons[event->reason].name));
	if (*event->in)
		json_object_set_new(json, "in", json_name(event->in));
	if (*event->out)
		json_object_set_new(json, "out", json_name(event->out));
	set_integer(json, "length", packet->len);
	if (packet->fragment)
		json_object_set_new(json, "fragment", json_true());
	if (packet->has_tcp) {
		json_object_set_new(json, "flags", json_string(flags_text(packet->flags, flags)));
		set_integer(json, "seq", packet->seq);
		set_integer(json, "ack", packet->ack);
		set_integer(json, "window", packet->window);
	}
	if (packet->has_icmp) {
		set_integer(json, "icmp_type", packet->icmp_type);
		set_integer(json, "icmp_code", packet->icmp_code);
	}
	if (packet->has_quoted)
		json_object_set_new(json, "about", ends_json(&packet->quoted));
	if (connection)
		json_object_set_new(json, "connection", connection_json(connection));
	json_print(json, JSON_COMPACT);
}

static void write_pcap(const struct event *event, const struct connection *connection)
{
	const struct logged *logged = event->logged;
	char comment[300], entry[256] = "", name[PCAPNG_NAME];
	int ret;

	if (connection)
		connection_text(connection, entry, sizeof(entry));
	snprintf(comment, sizeof(comment), "INVALID: %s%s", reasons[event->reason].name, entry);
	utf8_text(*event->in ? event->in : event->out, name, sizeof(name));
	ret = pcapng_write(&pcap, name, &logged->when, logged->data, logged->len,
			   event->packet.len, comment);
	if (ret)
		errx(EXIT_ERROR, "--pcap %s: %s", pcap_path, strerror(-ret));
}

static bool on_event(const struct event *event, void *data __attribute__((unused)))
{
	struct connection found, *connection = find_connection(event, &found) ? &found : NULL;

	if (as_json)
		print_json(event, connection);
	else
		print_text(event, connection);
	if (pcap_path)
		write_pcap(event, connection);
	satisfied = left && !--left;
	return !satisfied;
}

/* What is not shown, once a second at most */
static void tell_hidden(void)
{
	static uint64_t told;
	const struct seen *seen = capture_seen();
	uint64_t hidden = seen->over + seen->lost;

	/* Two counters are read, one after the other, while packets pass. */
	if (hidden <= told)
		return;
	if (as_json)
		json_print(json_pack("{s:s, s:I}", "event", "hidden", "packets",
				     (json_int_t)(hidden - told)), JSON_COMPACT);
	else
		printf("%llu more, too many to be shown\n", (unsigned long long)(hidden - told));
	flush_output();
	told = hidden;
}

int watch_main(int argc, char **argv)
{
	long long next_ms;
	int ret = 0;

	capture_options(options, 1000);
	options_parse(argc, argv, usage, options, NULL);
	capture_start(pcap_path);
	if (pcap_path) {
		ret = pcapng_open(&pcap, pcap_path);
		if (ret)
			errx(EXIT_ERROR, "--pcap %s: %s", pcap_path, strerror(-ret));
	}
	/* Without, packets are shown all the same. */
	if (nl_open(&ctnetlink, NETLINK_NETFILTER))
		nl_close(&ctnetlink);
	next_ms = now_ms() + 1000;
	while (!(ret & CAPTURE_END)) {
		long long rest = next_ms - now_ms();

		if (rest <= 0) {
			tell_hidden();
			next_ms = now_ms() + 1000;
			rest = 1000;
		}
		ret = capture_wait(rest, -1, on_event, NULL);
	}
	capture_stop(satisfied ? NULL : on_event, NULL);
	summary_print(as_json);
	ret = pcapng_close(&pcap);
	if (ret)
		errx(EXIT_ERROR, "--pcap %s: %s", pcap_path, strerror(-ret));
	nl_close(&ctnetlink);
	return 0;
}
