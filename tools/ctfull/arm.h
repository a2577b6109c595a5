/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_ARM_H
#define CTFULL_ARM_H

/* The name of `ctfull arm`'s nft tables: CTFULL is allowed in it, and in raw */
#define ARM_TABLE	"ctfull"

#endif /* CTFULL_ARM_H */
