/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 8259 set-up as on every PC, all inputs edge-triggered. 8259A datasheet, "Programming the 8259A";
 * ICH datasheet, "Edge/Level Control Register".
 */
#include "lib/pic.h"

#include "lib/cpu.h"
#include "lib/kernel.h"

#define PIC_MASTER 0x20u
#define PIC_SLAVE  0xa0u
#define PIC_DATA   1u
#define PIC_ELCR   0x4d0u /* and the slave's behind it */

#define ICW1_START       0x11u /* edge, cascade, ICW4 follows */
#define ICW3_MASTER      0x04u /* slave on input 2 */
#define ICW3_SLAVE       0x02u
#define ICW4_8086        0x01u
#define OCW2_EOI         0x20u
#define OCW3_READ_ISR    0x0bu
#define PIC_ALL_MASKED   0xffffu
#define PIC_CASCADE_OPEN 0x0004u

void pic_init(void)
{
	outb(ICW1_START, PIC_MASTER);
	outb(ICW1_START, PIC_SLAVE);
	outb(VECTOR_PIC, PIC_MASTER + PIC_DATA);
	outb(VECTOR_PIC + 8, PIC_SLAVE + PIC_DATA);
	outb(ICW3_MASTER, PIC_MASTER + PIC_DATA);
	outb(ICW3_SLAVE, PIC_SLAVE + PIC_DATA);
	outb(ICW4_8086, PIC_MASTER + PIC_DATA);
	outb(ICW4_8086, PIC_SLAVE + PIC_DATA);
	/* Firmware leaves PCI's inputs level-triggered. */
	outb(0, PIC_ELCR);
	outb(0, PIC_ELCR + 1);
	pic_mask(PIC_ALL_MASKED);
}

void pic_mask(uint16_t mask)
{
	/* An open input of the slave needs the cascade open too. */
	if ((mask & 0xff00u) != 0xff00u)
		mask &= (uint16_t)~PIC_CASCADE_OPEN;
	outb((uint8_t)mask, PIC_MASTER + PIC_DATA);
	outb((uint8_t)(mask >> 8), PIC_SLAVE + PIC_DATA);
}

void pic_eoi(uint32_t irq)
{
	if (irq >= 8)
		outb(OCW2_EOI, PIC_SLAVE);
	outb(OCW2_EOI, PIC_MASTER);
}

uint16_t pic_in_service(void)
{
	outb(OCW3_READ_ISR, PIC_MASTER);
	outb(OCW3_READ_ISR, PIC_SLAVE);
	return (uint16_t)(inb(PIC_MASTER) | inb(PIC_SLAVE) << 8);
}
