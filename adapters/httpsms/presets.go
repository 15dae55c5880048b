package httpsms

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/huongvecoso/outreach/adapters/smstext"
	"github.com/huongvecoso/outreach/core/notify"
)

// Presets are the names that [Preset] knows, in order.
func Presets() []string { return slices.Sorted(maps.Keys(presets())) }

// Preset is a configuration for a gateway that is used in Viet Nam, as its
// published pages describe it. What belongs to the contract is left to fill in:
// Sender, the account in Auth or Secrets, for ZNS the registered Templates. A
// Callback of a preset is used once its Token is set. Addresses and codes change:
// compare them with the contract, and overrule them in the JSON where they do.
//
// What became of a message they tell as far as their pages say how:
//
//	esms      callback, and when asked by the message's id (for seven days)
//	speedsms  callback; its call for one message has the id in the path, and what
//	          it answers is published nowhere that could be read
//	vietguys  callback; no call to ask is published
//	fpt       nothing: its manual names a report of sent messages, whose call is
//	          part of the contract. Put it into "query"
//	viettel   nothing: neither a callback nor a call to ask is published
//	stringee  nothing: an answer has no id to ask for
//	zalo-zns  callback, and when asked by the message's id
//
// What is left of the account esms and speedsms tell. Stringee does so under the
// key of the whole account, which a worker should not have; no call for it is
// published by the others.
func Preset(name string) (Config, bool) {
	make, known := presets()[name]
	if !known {
		return Config{}, false
	}
	c := make()
	c.Preset, c.Name = name, name
	return c, true
}

func presets() map[string]func() Config {
	return map[string]func() Config{
		"esms": esms, "speedsms": speedSMS, "vietguys": vietguys, "fpt": fpt, "viettel": viettel, "stringee": stringee, "zalo-zns": zaloZNS,
	}
}

// esms: secrets api_key and secret_key. A RequestId is known for a time that is
// not published; half an hour is what is relied on here.
func esms() Config {
	news := News{ID: "SMSID", Key: "RequestId", Code: "SendStatus", Success: "SendSuccess", Failed: "SendFailed", Codes: map[string]notify.Verdict{
		"1": notify.VerdictUnderway, "2": notify.VerdictUnderway, "4": notify.VerdictUndelivered,
		"5": notify.VerdictUnderway, // it says "done"; the counters say how
	}}
	asked := news
	asked.Key = ""
	return Config{
		URL: "https://rest.esms.vn/MainService.svc/json/SendMultipleMessage_V4_post_json/",
		Body: Body{Kind: JSON, Fields: map[string]Field{
			"ApiKey": {Value: "{{secret.api_key}}"}, "SecretKey": {Value: "{{secret.secret_key}}"},
			"Phone": {Value: "{{to}}", Filter: Phone0}, "Content": {Value: "{{text}}"}, "Brandname": {Value: "{{sender}}"},
			"SmsType": {Value: "{{class}}"}, "IsUnicode": {Value: "{{unicode}}"}, "Sandbox": {Value: "0"}, "RequestId": {Value: "{{client_id}}"},
		}},
		Classes: map[string]string{"duty": "2", "care": "2"},
		Answer: Answer{Code: "CodeResult", ID: "SMSID", Codes: map[string]Class{
			"100": Accepted, "124": Repeated, "99": Suppress, "101": Misconfigured, "103": Misconfigured, "104": Misconfigured,
			"108": Suppress, "118": Misconfigured, "140": Misconfigured, "146": Permanent, "177": Permanent,
		}},
		Idempotent: true, Window: Duration(30 * time.Minute),
		Callback: &Callback{Format: Query, News: news},
		Query: &StatusQuery{
			URL: "https://rest.esms.vn/MainService.svc/json/GetSendStatus",
			Body: Body{Kind: Query, Fields: map[string]Field{
				"RefId": {Value: "{{id}}"}, "ApiKey": {Value: "{{secret.api_key}}"}, "SecretKey": {Value: "{{secret.secret_key}}"},
			}},
			News: asked,
		},
		Balance: &BalanceQuery{
			URL:    "https://rest.esms.vn/MainService.svc/json/GetBalance_json",
			Body:   Body{Kind: JSON, Fields: map[string]Field{"ApiKey": {Value: "{{secret.api_key}}"}, "SecretKey": {Value: "{{secret.secret_key}}"}}},
			Amount: "Balance", Code: "CodeResponse",
		},
	}
}

// speedSMS: secret login, the base64 form of "ACCESS-TOKEN:x".
func speedSMS() Config {
	return Config{
		URL:     "https://api.speedsms.vn/index.php/sms/send",
		Headers: map[string]string{"Authorization": "Basic {{secret.login}}"},
		Body: Body{Kind: JSON, Fields: map[string]Field{
			"to.0": {Value: "{{to}}", Filter: Phone84}, "content": {Value: "{{text}}"}, "sms_type": {Value: "{{class}}", Type: Number}, "sender": {Value: "{{sender}}"},
		}},
		Classes: map[string]string{"duty": "3", "care": "3"},
		Answer: Answer{Code: "code", ID: "data.tranId", RetryAfter: "X-Rate-Limit-Reset", Codes: map[string]Class{
			"00": Accepted, "007": Misconfigured, "008": Misconfigured, "009": Misconfigured, "101": Permanent, "105": Suppress,
			"110": Permanent, "113": Permanent, "300": Misconfigured, "500": Unclear,
		}},
		Callback: &Callback{Format: JSON, News: News{ID: "tranId", Code: "status", Codes: speedSMSReports()}},
		Balance:  &BalanceQuery{URL: "https://api.speedsms.vn/index.php/user/info", Amount: "data.balance", Code: "code"},
	}
}

// speedSMSReports are the numbers of its reports: 0 has arrived, up to 63 it is
// tried again, from 64 on it never arrives.
func speedSMSReports() map[string]notify.Verdict {
	codes := map[string]notify.Verdict{"0": notify.VerdictDelivered}
	for n := 1; n < 128; n++ {
		codes[strconv.Itoa(n)] = notify.VerdictUnderway
		if n >= 64 {
			codes[strconv.Itoa(n)] = notify.VerdictUndelivered
		}
	}
	return codes
}

// vietguys: secrets user and password. Whether bid is recognised when it is
// repeated is not published: it is passed on, and not relied on.
func vietguys() Config {
	return Config{
		URL: "https://cloudsms.vietguys.biz:4438/api/index.php",
		Body: Body{Kind: Form, Fields: map[string]Field{
			"u": {Value: "{{secret.user}}"}, "pwd": {Value: "{{secret.password}}"}, "from": {Value: "{{sender}}"}, "phone": {Value: "{{to}}", Filter: Phone84},
			"sms": {Value: "{{text}}"}, "bid": {Value: "{{client_id}}"}, "type": {Value: "{{unicode}}"}, "json": {Value: "1"},
		}},
		Unicode: Choice{Yes: "8", No: "0"},
		Answer:  Answer{Code: "error", ID: "msgid", Codes: map[string]Class{"0": Accepted}},
		Callback: &Callback{Format: Query, News: News{ID: "msgid", Code: "status", Codes: map[string]notify.Verdict{
			"delivered": notify.VerdictDelivered, "fail": notify.VerdictUndelivered, "sent": notify.VerdictUnderway,
		}}},
	}
}

// fpt: the client id in Auth.User, its secret in Auth.Token. A success has an id
// and no code.
func fpt() Config {
	return Config{
		URL: "https://app.sms.fpt.net/api/push-brandname-otp",
		Auth: Auth{
			Kind: OAuth2, InBody: true, Expired: []string{"1011", "1013"},
			Request: TokenRequest{URL: "https://app.sms.fpt.net/oauth2/token", Body: Body{Kind: JSON, Fields: map[string]Field{
				"grant_type": {Value: "client_credentials"}, "client_id": {Value: "{{user}}"}, "client_secret": {Value: "{{key}}"},
				"scope": {Value: "send_brandname_otp"}, "session_id": {Value: "{{session}}"},
			}}},
		},
		Body: Body{Kind: JSON, Fields: map[string]Field{
			"access_token": {Value: "{{token}}"}, "session_id": {Value: "{{client_id}}"}, "BrandName": {Value: "{{sender}}"},
			"Phone": {Value: "{{to}}", Filter: Phone84}, "Message": {Value: "{{text}}", Filter: Base64}, "RequestId": {Value: "{{client_id}}"},
		}},
		Answer: Answer{Code: "error", ID: "MessageId", Codes: map[string]Class{"": Accepted, "1011": Misconfigured, "1013": Misconfigured}},
	}
}

// viettel: secrets user, password and cp_code; URL as the contract names it,
// with Insecure where it is plain http. RequestID is not recognised.
func viettel() Config {
	return Config{
		Method: http.MethodPost,
		Body: Body{Kind: XML, Template: `<?xml version="1.0" encoding="utf-8"?>` +
			`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:impl="http://impl.bulkSms.ws/"><soapenv:Header/><soapenv:Body><impl:wsCpMt>` +
			`<User>{{secret.user}}</User><Password>{{secret.password}}</Password><CPCode>{{secret.cp_code}}</CPCode><RequestID>{{client_id}}</RequestID>` +
			`<UserID>{{to}}</UserID><ReceiverID>{{to}}</ReceiverID><ServiceID>{{sender}}</ServiceID><CommandCode>bulksms</CommandCode>` +
			`<Content>{{text}}</Content><ContentType>{{unicode}}</ContentType></impl:wsCpMt></soapenv:Body></soapenv:Envelope>`},
		PhoneForm: With84,
		Headers:   map[string]string{"SOAPAction": `""`},
		Text:      Text{Policy: smstext.Strip},
		Answer: Answer{Format: AnswerXML, Code: "Envelope.Body.wsCpMtResponse.return.result", Codes: map[string]Class{
			"1": Accepted,
			"0": Transient, // its words say why, and they are not documented
		}},
	}
}

// stringee: the key's id in Auth.User, its secret in Auth.Token.
func stringee() Config {
	return Config{
		URL: "https://api.stringee.com/v1/sms",
		Auth: Auth{Kind: JWT, Header: "X-STRINGEE-AUTH", JWT: JWTParts{
			Header: map[string]any{"cty": "stringee-api;v=1"}, Claims: map[string]any{"rest_api": true},
		}},
		Body: Body{Kind: JSON, Fields: map[string]Field{
			"sms.0.from": {Value: "{{sender}}"}, "sms.0.to": {Value: "{{to}}", Filter: Phone84}, "sms.0.text": {Value: "{{text}}"},
		}},
		Answer: Answer{Code: "result.0.r", Codes: map[string]Class{"0": Accepted}},
	}
}

// zaloZNS: the app's id in Auth.User, its secret key in Auth.Token, the messages
// approved for the account in Templates, and Options.Tokens for the refresh token
// that works once. People without Zalo, or who turned such messages off, are
// reached another way.
func zaloZNS() Config {
	return Config{
		URL: "https://business.openapi.zalo.me/message/template",
		Auth: Auth{
			Kind: Rotating, Header: "access_token", Expired: []string{"-124", "-216"},
			Request: TokenRequest{
				URL: "https://oauth.zaloapp.com/v4/oa/access_token", Headers: map[string]string{"secret_key": "{{key}}"},
				Body: Body{Kind: Form, Fields: map[string]Field{
					"app_id": {Value: "{{user}}"}, "refresh_token": {Value: "{{refresh_token}}"}, "grant_type": {Value: "refresh_token"},
				}},
			},
		},
		Body: Body{Kind: JSON, Fields: map[string]Field{
			"phone": {Value: "{{to}}", Filter: Phone84}, "template_id": {Value: "{{template}}"}, "template_data": {Type: Params}, "tracking_id": {Value: "{{client_id}}"},
		}},
		Answer: Answer{Code: "error", ID: "data.msg_id", Codes: map[string]Class{
			"0": Accepted, "-108": Suppress, "-109": Misconfigured, "-114": Suppress, "-115": Misconfigured, "-124": Misconfigured, "-216": Misconfigured,
		}},
		Callback: &Callback{Format: JSON, News: News{ID: "message.msg_id", Key: "message.tracking_id", Code: "event_name", Codes: map[string]notify.Verdict{
			"user_received_message": notify.VerdictDelivered,
		}}},
		Query: &StatusQuery{
			Method: http.MethodGet, URL: "https://business.openapi.zalo.me/message/status",
			Body:    Body{Kind: Query, Fields: map[string]Field{"message_id": {Value: "{{id}}"}}},
			Unknown: []string{"-1"},
			News: News{Code: "data.status", Codes: map[string]notify.Verdict{
				"0": notify.VerdictUnderway, // Zalo has it, the telephone does not yet
				"1": notify.VerdictDelivered,
			}},
		},
	}
}
