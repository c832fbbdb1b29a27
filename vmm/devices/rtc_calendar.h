/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time of day as an MC146818 keeps it: registers to numbers and back, the passing of seconds,
 * alarms. Motorola MC146818 data sheet, "Time, Calendar, and Alarm Locations".
 *
 * Total over what a guest may have written: digits and dates that do not exist are numbers like any
 * other. The next second makes a time of day of them, the next midnight a date.
 */
#ifndef VMM_DEVICES_RTC_CALENDAR_H
#define VMM_DEVICES_RTC_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

/* The registers; the century is where PCs have it. */
#define RTC_SECONDS       0x00
#define RTC_SECONDS_ALARM 0x01
#define RTC_MINUTES       0x02
#define RTC_MINUTES_ALARM 0x03
#define RTC_HOURS         0x04
#define RTC_HOURS_ALARM   0x05
#define RTC_WEEKDAY       0x06 /* 1: Sunday */
#define RTC_DAY           0x07
#define RTC_MONTH         0x08
#define RTC_YEAR          0x09
#define RTC_CENTURY       0x32
#define RTC_NR_REGISTERS  0x33

#define RTC_SECONDS_PER_DAY 86400

/* The number format, from register B. */
struct rtc_format {
	bool binary;   /* else BCD */
	bool hours_24; /* else 1..12, bit 7 for the afternoon */
};

/* Set the registers to a UTC time; seconds since 1970, up to the year 9999. */
void rtc_calendar_set(uint8_t *registers, struct rtc_format format, uint64_t unix_seconds);

/* Let seconds pass, 1 or more. */
void rtc_calendar_advance(uint8_t *registers, struct rtc_format format, uint64_t seconds);

/*
 * In how many seconds, 1..RTC_SECONDS_PER_DAY, the time of day will match the alarm registers, of
 * which those from 0xc0 on match anything. 0: never.
 */
uint32_t rtc_calendar_next_alarm(const uint8_t *registers, struct rtc_format format);

#endif
