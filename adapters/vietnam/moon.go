package vietnam

import "math"

// The astronomy behind the lunar calendar: when the moon is new and where the
// sun stands. The formulas are those of Jean Meeus, "Astronomical Algorithms",
// 2nd edition, chapters 49 (phases of the moon, with the planetary terms) and
// 25 (the sun, low accuracy); the difference between uniform time and the
// rotation of the earth follows the polynomials of Espenak and Meeus. New
// moons come out right to some seconds between 1976 and 2100.

// degrees of arc
const radian = math.Pi / 180

// julianDay2000 is the Julian day number of 2000-01-01.
const julianDay2000 = 2451545

// utcOffset is the zone of Vietnam as a fraction of a day.
const utcOffset = 7.0 / 24

// poly evaluates a polynomial, coefficients by rising power.
func poly(x float64, coefficients ...float64) float64 {
	sum := 0.0
	for i := len(coefficients) - 1; i >= 0; i-- {
		sum = sum*x + coefficients[i]
	}
	return sum
}

func sin(degrees float64) float64 { return math.Sin(degrees * radian) }

// newMoonDay returns the Julian day number of the day in Vietnam on which the
// kth new moon falls; number 0 is that of 6 January 2000.
func newMoonDay(k int) int {
	return int(math.Floor(newMoon(float64(k)) + 0.5 + utcOffset))
}

// newMoonNear returns the number of a new moon not more than a month away
// from the given Julian day.
func newMoonNear(julianDay int) int {
	return int(math.Floor((float64(julianDay) - 2451550.1) / 29.530588861))
}

// newMoon returns the instant of the kth new moon as a Julian day in universal time.
func newMoon(k float64) float64 {
	t := k / 1236.85
	var (
		// the mean instant, and then how earth and moon stand to the sun
		mean = poly(t, 2451550.09766, 0, 0.00015437, -0.000000150, 0.00000000073) + 29.530588861*k
		sun  = poly(t, 2.5534, 0, -0.0000014, -0.00000011) + 29.10535670*k
		moon = poly(t, 201.5643, 0, 0.0107582, 0.00001238, -0.000000058) + 385.81693528*k
		lat  = poly(t, 160.7108, 0, -0.0016118, -0.00000227, 0.000000011) + 390.67050284*k
		node = poly(t, 124.7746, 0, 0.0020672, 0.00000215) - 1.56375588*k
		ecc  = poly(t, 1, -0.002516, -0.0000074) // of the earth's orbit
	)
	eccentricity := [...]float64{1, ecc, ecc * ecc}
	corrections := -0.00017 * sin(node)
	for _, term := range newMoonTerms {
		arc := term.sun*sun + term.moon*moon + term.lat*lat
		corrections += term.days * eccentricity[term.eccentric] * sin(arc)
	}
	for i, planet := range planetTerms {
		arc := planet.start + planet.rate*k
		if i == 0 {
			arc -= 0.009173 * t * t
		}
		corrections += planet.days * sin(arc)
	}
	instant := mean + corrections
	return instant - deltaT(instant)
}

// newMoonTerms are the periodic terms of a new moon: an amplitude in days, the
// power of the eccentricity, and multiples of the anomalies of sun and moon
// and of the moon's argument of latitude.
var newMoonTerms = [...]struct {
	days           float64
	eccentric      int
	sun, moon, lat float64
}{
	{-0.40720, 0, 0, 1, 0},
	{0.17241, 1, 1, 0, 0},
	{0.01608, 0, 0, 2, 0},
	{0.01039, 0, 0, 0, 2},
	{0.00739, 1, -1, 1, 0},
	{-0.00514, 1, 1, 1, 0},
	{0.00208, 2, 2, 0, 0},
	{-0.00111, 0, 0, 1, -2},
	{-0.00057, 0, 0, 1, 2},
	{0.00056, 1, 1, 2, 0},
	{-0.00042, 0, 0, 3, 0},
	{0.00042, 1, 1, 0, 2},
	{0.00038, 1, 1, 0, -2},
	{-0.00024, 1, -1, 2, 0},
	{-0.00007, 0, 2, 1, 0},
	{0.00004, 0, 0, 2, -2},
	{0.00004, 0, 3, 0, 0},
	{0.00003, 0, 1, 1, -2},
	{0.00003, 0, 0, 2, 2},
	{-0.00003, 0, 1, 1, 2},
	{0.00003, 0, -1, 1, 2},
	{-0.00002, 0, -1, 1, -2},
	{-0.00002, 0, 1, 3, 0},
	{0.00002, 0, 0, 4, 0},
}

// planetTerms are the pulls of the planets: an angle in degrees at the new
// moon number 0, its growth with every new moon, and an amplitude in days.
var planetTerms = [...]struct{ start, rate, days float64 }{
	{299.77, 0.107408, 0.000325},
	{251.88, 0.016321, 0.000165},
	{251.83, 26.651886, 0.000164},
	{349.42, 36.412478, 0.000126},
	{84.66, 18.206239, 0.000110},
	{141.74, 53.303771, 0.000062},
	{207.14, 2.453732, 0.000060},
	{154.84, 7.306860, 0.000056},
	{34.52, 27.261239, 0.000047},
	{207.19, 0.121824, 0.000042},
	{291.34, 1.844379, 0.000040},
	{161.72, 24.198154, 0.000037},
	{239.56, 25.513099, 0.000035},
	{331.55, 3.592518, 0.000023},
}

// deltaT returns how far uniform time is ahead of universal time at a Julian
// day, in days. Beyond the present it is a forecast.
func deltaT(julianDay float64) float64 {
	year := 2000 + (julianDay-julianDay2000)/365.25
	var seconds float64
	switch {
	case year < 1986:
		u := year - 1975
		seconds = 45.45 + 1.067*u - u*u/260 - u*u*u/718
	case year < 2005:
		seconds = poly(year-2000, 63.86, 0.3345, -0.060374, 0.0017275, 0.000651814, 0.00002373599)
	case year < 2050:
		seconds = poly(year-2000, 62.92, 0.32217, 0.005589)
	default:
		u := (year - 1820) / 100
		seconds = -20 + 32*u*u - 0.5628*(2150-year)
	}
	return seconds / 86400
}

// sunSector returns in which twelfth of its yearly path the sun stands at the
// midnight in Vietnam with which the given Julian day number begins: 0 from
// the spring equinox, 9 from the winter solstice.
func sunSector(julianDay int) int {
	midnight := float64(julianDay) - 0.5 - utcOffset
	return int(sunLongitude(midnight+deltaT(midnight)) / 30)
}

// sunLongitude returns the apparent longitude of the sun, 0 to 360 degrees.
func sunLongitude(instant float64) float64 {
	t := (instant - julianDay2000) / 36525
	mean := poly(t, 280.46646, 36000.76983, 0.0003032)
	anomaly := poly(t, 357.52911, 35999.05029, -0.0001537)
	centre := poly(t, 1.914602, -0.004817, -0.000014)*sin(anomaly) +
		poly(t, 0.019993, -0.000101)*sin(2*anomaly) +
		0.000289*sin(3*anomaly)
	node := 125.04 - 1934.136*t
	longitude := math.Mod(mean+centre-0.00569-0.00478*sin(node), 360)
	if longitude < 0 {
		longitude += 360
	}
	return longitude
}
