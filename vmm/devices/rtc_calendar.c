/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calendar arithmetic on the registers of an MC146818.
 * Motorola MC146818 data sheet, "Time, Calendar, and Alarm Locations"; the calendar is the
 * Gregorian one, with the century register deciding about leap years.
 */
#include "vmm/devices/rtc_calendar.h"

#define PM              0x80u
#define ALARM_DONT_CARE 0xc0u

#define DAYS_PER_ERA       146097 /* 400 years */
#define DAYS_TO_1970       719468 /* from 1 March of the year 0 */
#define THURSDAY           4      /* 1 January 1970; Sunday is 0 */
#define YEARS_PER_CENTURY  100
#define MONTHS_PER_YEAR    12
#define SECONDS_PER_MINUTE 60
#define SECONDS_PER_HOUR   3600
#define HOURS_PER_DAY      24

struct date {
	int64_t year;
	int64_t month; /* 1..12 */
	int64_t day;   /* 1..31 */
};

/* ---- days ------------------------------------------------------------------------------------ */

/* A year that begins in March has its leap day at its end: months are then 153 days in five. */
static int64_t days_from_date(struct date date)
{
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t month = (date.month + 9) % MONTHS_PER_YEAR;
	int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;

	return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - DAYS_TO_1970;
}

static struct date date_from_days(int64_t days)
{
	int64_t shifted = days + DAYS_TO_1970;
	int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	int64_t day_of_era = shifted - era * DAYS_PER_ERA;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era -
			      (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	struct date date = {
		.year = year_of_era + era * 400,
		.month = month < 10 ? month + 3 : month - 9,
		.day = day_of_year - (153 * month + 2) / 5 + 1,
	};

	if (date.month <= 2)
		date.year++;
	return date;
}

/* ---- registers ------------------------------------------------------------------------------- */

static uint32_t decode(struct rtc_format format, uint8_t value)
{
	return format.binary ? value : (value >> 4) * 10u + (value & 0xfu);
}

static uint8_t encode(struct rtc_format format, int64_t value)
{
	uint32_t number = (uint32_t)value % YEARS_PER_CENTURY;

	return (uint8_t)(format.binary ? number : number / 10 << 4 | number % 10);
}

/* 12 stands for 0. */
static uint32_t decode_hours(struct rtc_format format, uint8_t value)
{
	if (format.hours_24)
		return decode(format, value);
	return decode(format, value & (uint8_t)~PM) % 12 + (value & PM ? 12 : 0);
}

static uint8_t encode_hours(struct rtc_format format, int64_t hours)
{
	if (format.hours_24)
		return encode(format, hours);
	return (uint8_t)(encode(format, hours % 12 ? hours % 12 : 12) | (hours >= 12 ? PM : 0));
}

static int64_t time_of_day(const uint8_t *registers, struct rtc_format format)
{
	return (int64_t)decode_hours(format, registers[RTC_HOURS]) * SECONDS_PER_HOUR +
	       (int64_t)decode(format, registers[RTC_MINUTES]) * SECONDS_PER_MINUTE +
	       decode(format, registers[RTC_SECONDS]);
}

static void store_time_of_day(uint8_t *registers, struct rtc_format format, int64_t seconds)
{
	registers[RTC_SECONDS] = encode(format, seconds % SECONDS_PER_MINUTE);
	registers[RTC_MINUTES] = encode(format, seconds / SECONDS_PER_MINUTE % 60);
	registers[RTC_HOURS] = encode_hours(format, seconds / SECONDS_PER_HOUR);
}

static void store_date(uint8_t *registers, struct rtc_format format, int64_t days)
{
	struct date date = date_from_days(days);

	registers[RTC_DAY] = encode(format, date.day);
	registers[RTC_MONTH] = encode(format, date.month);
	registers[RTC_YEAR] = encode(format, date.year % YEARS_PER_CENTURY);
	registers[RTC_CENTURY] = encode(format, date.year / YEARS_PER_CENTURY);
}

void rtc_calendar_set(uint8_t *registers, struct rtc_format format, uint64_t unix_seconds)
{
	int64_t days = (int64_t)(unix_seconds / RTC_SECONDS_PER_DAY);

	store_time_of_day(registers, format, (int64_t)(unix_seconds % RTC_SECONDS_PER_DAY));
	store_date(registers, format, days);
	registers[RTC_WEEKDAY] = encode(format, (days + THURSDAY) % 7 + 1);
}

/* The weekday counts along, whatever the date says. */
static void advance_days(uint8_t *registers, struct rtc_format format, int64_t days)
{
	int64_t month = decode(format, registers[RTC_MONTH]);
	struct date date = {
		.year = (int64_t)decode(format, registers[RTC_CENTURY]) * YEARS_PER_CENTURY +
			decode(format, registers[RTC_YEAR]),
		.month = (month + MONTHS_PER_YEAR - 1) % MONTHS_PER_YEAR + 1,
		.day = decode(format, registers[RTC_DAY]),
	};
	int64_t weekday = decode(format, registers[RTC_WEEKDAY]);

	store_date(registers, format, days_from_date(date) + days);
	registers[RTC_WEEKDAY] = encode(format, (weekday + 6 + days) % 7 + 1);
}

void rtc_calendar_advance(uint8_t *registers, struct rtc_format format, uint64_t seconds)
{
	int64_t time = time_of_day(registers, format) + (int64_t)(seconds % RTC_SECONDS_PER_DAY);
	int64_t days = (int64_t)(seconds / RTC_SECONDS_PER_DAY) + time / RTC_SECONDS_PER_DAY;

	store_time_of_day(registers, format, time % RTC_SECONDS_PER_DAY);
	if (days)
		advance_days(registers, format, days);
}

/* ---- alarms ---------------------------------------------------------------------------------- */

struct alarm {
	bool any_second, any_minute, any_hour;
	uint32_t second, minute, hour;
};

static bool is_any(uint8_t value)
{
	return (value & ALARM_DONT_CARE) == ALARM_DONT_CARE;
}

/* From time on, the start of the next hour, minute or second at which the alarm may match. */
static uint32_t skip_mismatch(const struct alarm *alarm, uint32_t time)
{
	uint32_t hour = time / SECONDS_PER_HOUR % HOURS_PER_DAY;
	uint32_t minute = time / SECONDS_PER_MINUTE % 60;

	if (!alarm->any_hour && hour != alarm->hour)
		return time - time % SECONDS_PER_HOUR + SECONDS_PER_HOUR;
	if (!alarm->any_minute && minute != alarm->minute)
		return time - time % SECONDS_PER_MINUTE + SECONDS_PER_MINUTE;
	if (!alarm->any_second && time % SECONDS_PER_MINUTE != alarm->second)
		return time + 1;
	return time;
}

/* By minutes, hours, minutes again and seconds: a few hundred steps at most. */
uint32_t rtc_calendar_next_alarm(const uint8_t *registers, struct rtc_format format)
{
	const struct alarm alarm = {
		.any_second = is_any(registers[RTC_SECONDS_ALARM]),
		.any_minute = is_any(registers[RTC_MINUTES_ALARM]),
		.any_hour = is_any(registers[RTC_HOURS_ALARM]),
		.second = decode(format, registers[RTC_SECONDS_ALARM]),
		.minute = decode(format, registers[RTC_MINUTES_ALARM]),
		.hour = decode_hours(format, registers[RTC_HOURS_ALARM]),
	};
	uint32_t now = (uint32_t)(time_of_day(registers, format) % RTC_SECONDS_PER_DAY);
	uint32_t time = now + 1;

	if ((!alarm.any_second && alarm.second >= SECONDS_PER_MINUTE) ||
	    (!alarm.any_minute && alarm.minute >= 60) ||
	    (!alarm.any_hour && alarm.hour >= HOURS_PER_DAY))
		return 0;
	for (;;) {
		uint32_t next = skip_mismatch(&alarm, time);

		if (next == time)
			return time - now;
		time = next;
	}
}
