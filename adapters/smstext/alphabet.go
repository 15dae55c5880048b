package smstext

// The GSM 7-bit default alphabet of 3GPP TS 23.038, without the escape code,
// and those of its extension table that handsets and gateways agree on.
const (
	basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extension = `^{}\[~]|€`
)

// price holds the septets of every character up to the Greek letters, the
// last of the basic alphabet; the euro sign is the one character beyond.
// Written once, here; read only.
var price = func() (t [0x400]uint8) {
	for _, r := range basic {
		t[r] = 1
	}
	for _, r := range extension {
		if int(r) < len(t) {
			t[r] = 2
		}
	}
	return t
}()

// septets returns what a character costs in GSM-7, 0 when it is not there.
func septets(r rune) int {
	if r >= 0 && int(r) < len(price) {
		return int(price[r])
	}
	if r == '€' {
		return 2
	}
	return 0
}
