// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets with comments, in the format pcapng: blocks in this machine's byte order, each with
 * its length before and behind
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include "../lib/program.h"
#include "pcapng.h"

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

enum {
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_IF_NAME = 2,
	OPT_SHB_USERAPPL = 4,
};

#define BYTE_ORDER_MAGIC	0x1a2b3c4d
#define LINKTYPE_RAW		101	/* begins with the IP header */

static uint32_t padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static void write_padded(struct pcapng *pcap, const void *data, size_t len)
{
	static const char zeros[4];

	fwrite(data, 1, len, pcap->file);
	fwrite(zeros, 1, padded(len) - len, pcap->file);
}

static void write_option(struct pcapng *pcap, uint16_t code, const char *text)
{
	uint16_t header[] = { code, strlen(text) };

	fwrite(header, sizeof(header), 1, pcap->file);
	write_padded(pcap, text, header[1]);
}

/*
 * @fixed: what the block begins with; @data: what follows, or NULL; and one option. The error
 * of the file is the sum of all.
 */
static int write_block(struct pcapng *pcap, uint32_t type, const void *fixed, size_t fixed_len,
		       const void *data, size_t len, uint16_t code, const char *text)
{
	uint32_t header[] = {
		type, 12 + fixed_len + padded(len) + 4 + padded(strlen(text)) + 4,
	};

	errno = 0;
	fwrite(header, sizeof(header), 1, pcap->file);
	fwrite(fixed, fixed_len, 1, pcap->file);
	write_padded(pcap, data, len);
	write_option(pcap, code, text);
	write_option(pcap, OPT_END, "");
	fwrite(&header[1], sizeof(header[1]), 1, pcap->file);
	return !ferror(pcap->file) ? 0 : errno ? -errno : -EIO;
}

/* Is this a link, and did this user or root make it? */
static bool is_own_link(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISLNK(st.st_mode) && (!st.st_uid || st.st_uid == geteuid());
}

/* Somebody else's link could lead to any file of this user's. */
static int open_own(const char *path)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags | O_NOFOLLOW, 0600);

	if (fd >= 0 || errno != ELOOP)
		return fd < 0 ? -errno : fd;
	if (!is_own_link(path))
		return -EPERM;
	fd = open(path, flags, 0600);
	return fd < 0 ? -errno : fd;
}

/* A file of somebody else's could be read by them, whatever its mode is now. */
static int make_own(int fd, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return 0;
	if (st->st_uid != geteuid())
		return -EPERM;
	return fchmod(fd, 0600) || ftruncate(fd, 0) ? -errno : 0;
}

/**
 * pcapng_open - begin a file
 * @pcap: the file
 * @path: its name; what was in it is gone
 *
 * Packets have contents that are nobody else's, so only the owner can read it, who is this user.
 * A link must be this user's or root's. A pipe needs its reader first.
 *
 * Returns 0 or a negative errno.
 */
int pcapng_open(struct pcapng *pcap, const char *path)
{
	struct {
		uint32_t magic;
		uint16_t major, minor;
		uint64_t len;
	} section = { BYTE_ORDER_MAGIC, 1, 0, UINT64_MAX };
	int fd = open_own(path);
	struct stat st;
	int ret;

	pcap->n = 0;
	if (fd < 0)
		return fd;
	ret = fstat(fd, &st) ? -errno : make_own(fd, &st);
	if (ret) {
		close(fd);
		return ret;
	}
	pcap->file = S_ISREG(st.st_mode) ? fdopen(fd, "w") : pipe_open(fd);
	if (!pcap->file) {
		close(fd);
		return -ENOMEM;
	}
	return write_block(pcap, BLOCK_SECTION, &section, sizeof(section), "", 0,
			   OPT_SHB_USERAPPL, "ctwhy " VERSION);
}

/* The number of an interface, which is described when it is new */
static int find_interface(struct pcapng *pcap, const char *name, uint32_t *number)
{
	struct {
		uint16_t linktype, reserved;
		uint32_t snaplen;
	} description = { LINKTYPE_RAW, 0, 0 };

	for (*number = 0; *number < pcap->n; ++*number)
		if (!strcmp(pcap->names[*number], name))
			return 0;
	/* Where there are very many, the last one stands for those that follow. */
	if (pcap->n == PCAPNG_INTERFACES) {
		*number = pcap->n - 1;
		return 0;
	}
	snprintf(pcap->names[pcap->n++], sizeof(pcap->names[0]), "%s", name);
	return write_block(pcap, BLOCK_INTERFACE, &description, sizeof(description), "", 0,
			   OPT_IF_NAME, name);
}

/**
 * pcapng_write - add a packet
 * @pcap: the file
 * @interface: where it was seen, in UTF-8
 * @when: it was seen
 * @data: its bytes, from its IP header on
 * @len: how many there are
 * @whole: how many it had
 * @comment: what Wireshark shows with it
 *
 * Returns 0 or a negative errno.
 */
int pcapng_write(struct pcapng *pcap, const char *interface, const struct timeval *when,
		 const uint8_t *data, uint32_t len, uint32_t whole, const char *comment)
{
	uint64_t us = when->tv_sec * 1000000ULL + when->tv_usec;
	uint32_t fixed[5] = { 0, us >> 32, us, len, whole < len ? len : whole };
	int ret = find_interface(pcap, interface, &fixed[0]);

	if (!ret)
		ret = write_block(pcap, BLOCK_PACKET, fixed, sizeof(fixed), data, len,
				  OPT_COMMENT, comment);
	/* Who looks at it meanwhile, or after a kill, sees whole packets. */
	return ret ? ret : fflush(pcap->file) ? -errno : 0;
}

/**
 * pcapng_close - end a file
 *
 * Returns 0 or a negative errno.
 */
int pcapng_close(struct pcapng *pcap)
{
	FILE *file = pcap->file;

	pcap->file = NULL;
	return file && fclose(file) ? -errno : 0;
}
