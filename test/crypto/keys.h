#pragma once

// Keys, and signatures of the text "a message", that OpenSSL 3.0 made for these tests.
namespace tollgate::crypto {

// 2048 bits
constexpr const char kRsaPkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCRX9qtcn+4ULsr\n"
    "EgZBEspCkn8mG1d5xD/Fn8SPYVhpr0OwogCpJ1B4verExwHhRLfJscUR4NvwUYgP\n"
    "zHEhbct/X3noa9zg7qsh79JXGz/stq4yuJOXOVrT0wl+68xjHg+Lo6Sqhh9kSs1c\n"
    "WW7Qklf7ghqyB2UfKymAPeWsb9pmDeA3JPqbM0RX0slKtBlpLDfm5HK/PH6rDmy6\n"
    "/execRLgmd0gLe+qZJ1otIUBNelieMxF4YBtau4eYSvE6F9HLHFfa6YomYrdoPDQ\n"
    "OxM8bC2Bs6nwE4FIgDVRhO2TusJbZAewyMoBotxe9qeow6qnSIHepG6DjMhZ205F\n"
    "RJ4AXt0hAgMBAAECggEAHbq/E0p/oRdtd3zrp4Iqt9uSwh3EUWQXcJhgT7wmIxLT\n"
    "Inu26+Dc3ZxlNxHFqiZt+YLv3Nyhze82hpiWKDJ2c9l4KlZoqN1WRQ3w85xggc3I\n"
    "KRpDIKF7mCcn4XtiZIDAyBtSsQbVw6JihfjKJ0BOWuJ8CB1oCiw/A/lkj1Oek9EC\n"
    "khyqcgrHI+01uzcKyQa2xB+K4jATszPIqw9jJEbd53gcjotopIzxUDGJKptpmOiR\n"
    "YDvz7sEl023WhpWWviMZEiu9rlM0PhQptX+n+AkbUPMTHJwUNuIouuSgp8RApipU\n"
    "QyEbiFuxJS6XI5CUliIAFINCc/tkocOL9LV8E9oO0wKBgQDNgPijgUuIyfntfBXZ\n"
    "HEaVqmPdlPZObUTIXbpgQ3623+rsWxI3hFP0d3BQQ/wxUne1jDDAaC48htZOOlMh\n"
    "yEzIFyik/96kNlN1uDtBIE08kkE3AKKjjq2Sdu19d9+uKZGyFSo9g/QJnqjM4Gbt\n"
    "MS3001NWcv8ihkXs6RI587TKcwKBgQC1GIAMhIgjfOD5NuKEkNRVD+ylXiwPfz8u\n"
    "l097Q8FyspuqzOIM0uXntwpJAKQAi1rUOEGgmHJASx3WlxAvwfptXfuqWo6YWn15\n"
    "1uzQ4jvt+7Fdv7au7enVAJh1emqnC0RPmfg3BknRStkc/jaN8ZlZKnbAiicVTlUG\n"
    "b1ZLiVyxGwKBgCnXuMiR6u9PMLRKL6ilOToAF5VmX0BYv0iMzQYMuCBEN3Eomezz\n"
    "5KRCLXwqW48vW3B7uvFyRPfN/JSxC3w1bGzRSlVOQ+brqNKvUGFSUmei3+RzHKpw\n"
    "wqav0GtbnQ+5JxE7ff5If8f1pikRB+QDv3e6D53qjEhbTqGOU0e5d3ZBAoGAYoEx\n"
    "JZ3xb1w+A1EXZYRh+uLulgTjcoqEk5M6aJIyZ3E/u2g2jUMqSyAFODBhBOrIPSdc\n"
    "iz5g5xf04wTIiTG6RkMY4VDgv355QgzmQ7jLYGfH0na1p/FBf9sTEtPDr5kxTxsx\n"
    "KL0C6hUMg/jDM/J2t0mhzplXKP+ywA1Po0bUZIECgYEAt7/0rsAshZyHB9LB05fU\n"
    "yA6rsUQccDM3D5x/m12O5dxeRGWyWMfgesHWDKaz1klptSUQSV8P9zDKF/AHn9rQ\n"
    "ewSfQ3sFfJoknplu1pZ4ODCgGFThvxZn3wVGDSJLgOxOijswL2/g6zO0nSpQ7rx/\n"
    "4z14fXo5zEOMiXjZbul/FAA=\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char kRsaPkcs1[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIEowIBAAKCAQEAkV/arXJ/uFC7KxIGQRLKQpJ/JhtXecQ/xZ/Ej2FYaa9DsKIA\n"
    "qSdQeL3qxMcB4US3ybHFEeDb8FGID8xxIW3Lf1956Gvc4O6rIe/SVxs/7LauMriT\n"
    "lzla09MJfuvMYx4Pi6OkqoYfZErNXFlu0JJX+4IasgdlHyspgD3lrG/aZg3gNyT6\n"
    "mzNEV9LJSrQZaSw35uRyvzx+qw5suv3sXnES4JndIC3vqmSdaLSFATXpYnjMReGA\n"
    "bWruHmErxOhfRyxxX2umKJmK3aDw0DsTPGwtgbOp8BOBSIA1UYTtk7rCW2QHsMjK\n"
    "AaLcXvanqMOqp0iB3qRug4zIWdtORUSeAF7dIQIDAQABAoIBAB26vxNKf6EXbXd8\n"
    "66eCKrfbksIdxFFkF3CYYE+8JiMS0yJ7tuvg3N2cZTcRxaombfmC79zcoc3vNoaY\n"
    "ligydnPZeCpWaKjdVkUN8POcYIHNyCkaQyChe5gnJ+F7YmSAwMgbUrEG1cOiYoX4\n"
    "yidATlrifAgdaAosPwP5ZI9TnpPRApIcqnIKxyPtNbs3CskGtsQfiuIwE7MzyKsP\n"
    "YyRG3ed4HI6LaKSM8VAxiSqbaZjokWA78+7BJdNt1oaVlr4jGRIrva5TND4UKbV/\n"
    "p/gJG1DzExycFDbiKLrkoKfEQKYqVEMhG4hbsSUulyOQlJYiABSDQnP7ZKHDi/S1\n"
    "fBPaDtMCgYEAzYD4o4FLiMn57XwV2RxGlapj3ZT2Tm1EyF26YEN+tt/q7FsSN4RT\n"
    "9HdwUEP8MVJ3tYwwwGguPIbWTjpTIchMyBcopP/epDZTdbg7QSBNPJJBNwCio46t\n"
    "knbtfXffrimRshUqPYP0CZ6ozOBm7TEt9NNTVnL/IoZF7OkSOfO0ynMCgYEAtRiA\n"
    "DISII3zg+TbihJDUVQ/spV4sD38/LpdPe0PBcrKbqsziDNLl57cKSQCkAIta1DhB\n"
    "oJhyQEsd1pcQL8H6bV37qlqOmFp9edbs0OI77fuxXb+2ru3p1QCYdXpqpwtET5n4\n"
    "NwZJ0UrZHP42jfGZWSp2wIonFU5VBm9WS4lcsRsCgYAp17jIkervTzC0Si+opTk6\n"
    "ABeVZl9AWL9IjM0GDLggRDdxKJns8+SkQi18KluPL1twe7rxckT3zfyUsQt8NWxs\n"
    "0UpVTkPm66jSr1BhUlJnot/kcxyqcMKmr9BrW50PuScRO33+SH/H9aYpEQfkA793\n"
    "ug+d6oxIW06hjlNHuXd2QQKBgGKBMSWd8W9cPgNRF2WEYfri7pYE43KKhJOTOmiS\n"
    "MmdxP7toNo1DKksgBTgwYQTqyD0nXIs+YOcX9OMEyIkxukZDGOFQ4L9+eUIM5kO4\n"
    "y2Bnx9J2tafxQX/bExLTw6+ZMU8bMSi9AuoVDIP4wzPydrdJoc6ZVyj/ssANT6NG\n"
    "1GSBAoGBALe/9K7ALIWchwfSwdOX1MgOq7FEHHAzNw+cf5tdjuXcXkRlsljH4HrB\n"
    "1gyms9ZJabUlEElfD/cwyhfwB5/a0HsEn0N7BXyaJJ6ZbtaWeDgwoBhU4b8WZ98F\n"
    "Rg0iS4DsToo7MC9v4OsztJ0qUO68f+M9eH16OcxDjIl42W7pfxQA\n"
    "-----END RSA PRIVATE KEY-----\n";
constexpr const char kRsaPublic[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkV/arXJ/uFC7KxIGQRLK\n"
    "QpJ/JhtXecQ/xZ/Ej2FYaa9DsKIAqSdQeL3qxMcB4US3ybHFEeDb8FGID8xxIW3L\n"
    "f1956Gvc4O6rIe/SVxs/7LauMriTlzla09MJfuvMYx4Pi6OkqoYfZErNXFlu0JJX\n"
    "+4IasgdlHyspgD3lrG/aZg3gNyT6mzNEV9LJSrQZaSw35uRyvzx+qw5suv3sXnES\n"
    "4JndIC3vqmSdaLSFATXpYnjMReGAbWruHmErxOhfRyxxX2umKJmK3aDw0DsTPGwt\n"
    "gbOp8BOBSIA1UYTtk7rCW2QHsMjKAaLcXvanqMOqp0iB3qRug4zIWdtORUSeAF7d\n"
    "IQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char kRsaPublicPkcs1[] =
    "-----BEGIN RSA PUBLIC KEY-----\n"
    "MIIBCgKCAQEAkV/arXJ/uFC7KxIGQRLKQpJ/JhtXecQ/xZ/Ej2FYaa9DsKIAqSdQ\n"
    "eL3qxMcB4US3ybHFEeDb8FGID8xxIW3Lf1956Gvc4O6rIe/SVxs/7LauMriTlzla\n"
    "09MJfuvMYx4Pi6OkqoYfZErNXFlu0JJX+4IasgdlHyspgD3lrG/aZg3gNyT6mzNE\n"
    "V9LJSrQZaSw35uRyvzx+qw5suv3sXnES4JndIC3vqmSdaLSFATXpYnjMReGAbWru\n"
    "HmErxOhfRyxxX2umKJmK3aDw0DsTPGwtgbOp8BOBSIA1UYTtk7rCW2QHsMjKAaLc\n"
    "XvanqMOqp0iB3qRug4zIWdtORUSeAF7dIQIDAQAB\n"
    "-----END RSA PUBLIC KEY-----\n";
// Too short
constexpr const char kRsa512[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIBUwIBADANBgkqhkiG9w0BAQEFAASCAT0wggE5AgEAAkEAtMuW0C6A25nLW2wL\n"
    "LkE6lFIkKkIY3s5mdbW4Id66B/iLJPd8DTZvluxG2x3kF0uWcfGPdL/yIzzUxE/j\n"
    "HObfAQIDAQABAkAHV0DfYRQAVqVIKAHoNePQA+nOAXMLEOxeGSvJzEZXbnGU5ih5\n"
    "WaacDtqNc8Zkx3ZQUeayqW4QLTUY0JT0z4MlAiEA3no1w51NFK8KcEhNXjvKBcvf\n"
    "cDPxi7rFd6WHu9GUG4sCIQDQCYsKWrwL8zCSJIhiZqGwOYgRJzQdVJ9DJJXDr1Sx\n"
    "IwIgTz0b1RY7k/hcMW2vELce1z2r0VzO1UOqfVjZpU2aAM0CIGnj0Z/Nm1XBzQE2\n"
    "Ey1y6+3U+sswVzhusDnuz0QxZDxdAiAEbMkxuTkIa91bkx1KwRwNCEhJD6u3e68I\n"
    "SAC5pam40g==\n"
    "-----END PRIVATE KEY-----\n";
// P-256
constexpr const char kEcSec1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIGuYV1SRUjXecjqnLndZf9iR+G0KFYENjB2fOP6n7HWIoAoGCCqGSM49\n"
    "AwEHoUQDQgAEzCjJdB4fWNZex91v8J9ucvzl2jafMQIjFvJMRoI4mjPmVZmf8stW\n"
    "wF7ORmTBr1PzgvkVzEzacd3I8zuORa4cjg==\n"
    "-----END EC PRIVATE KEY-----\n";
constexpr const char kEcPkcs8[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQga5hXVJFSNd5yOqcu\n"
    "d1l/2JH4bQoVgQ2MHZ84/qfsdYihRANCAATMKMl0Hh9Y1l7H3W/wn25y/OXaNp8x\n"
    "AiMW8kxGgjiaM+ZVmZ/yy1bAXs5GZMGvU/OC+RXMTNpx3cjzO45FrhyO\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char kEcPublic[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzCjJdB4fWNZex91v8J9ucvzl2jaf\n"
    "MQIjFvJMRoI4mjPmVZmf8stWwF7ORmTBr1PzgvkVzEzacd3I8zuORa4cjg==\n"
    "-----END PUBLIC KEY-----\n";
// Under a passphrase
constexpr const char kEcEncrypted[] =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjQRwtK1yEYawICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMv3qVgddiCOhc3o62aQLJAEgZCP\n"
    "vO85wn7rKWGk4897wZ96cTBLPyXUa62C10i89dIequsD1AtjXTFMFf1JB1j3nxv+\n"
    "NL6GUekCdOv7pdIHGxWDmpjAQ8W0AXAKekFRXPDw1JALP2UCkRIeEwVyA6XlV+oy\n"
    "+1eB7dJcYQ8ZQHgNZLxdASVtklLhyNYZmhgxGkdevEtphqDA9yNaYEZzoIPcQ1g=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";
constexpr const char kEc384[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIGkAgEBBDCZ347VzmNQJswjie4v2OUElCP6UVZtL4GCwC7E8twSj4UqFkDNql6O\n"
    "DXJsf8Ynhm+gBwYFK4EEACKhZANiAARe09HPLGPW3BIoJJFUhTvzIVtaQqB1fKf2\n"
    "jKnhcY2uqZ2Wu8637cSry3zt4z+D6lFBS/mX1BioCG0Z8wjeMnFgb3WtRc18F3Ud\n"
    "i22B441qxyfcG0KQG6SwQS8Nae4/s8E=\n"
    "-----END EC PRIVATE KEY-----\n";
constexpr const char kEc521[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MIHcAgEBBEIAndn/YvRZqMehbRw4xACgK8RgbXgwKSvsWGdSKIMjLEGlG4dU7kIv\n"
    "v6iEdIGklRaCS4oSxTxFx4Zrm142tTM1kdmgBwYFK4EEACOhgYkDgYYABACsLe3S\n"
    "b5B76pGY3/QT1ZZAkKEP0waze5njR2J/VVAvKKQEBdDOuZlg9fnGGmBXqC+azRYI\n"
    "iikhOiNUWEPHHgXEtQEkzh0PzX5uNjNamoZ9pxIjmvoUviRTyjW2GSIX9NYmtjOD\n"
    "velqIOD+xK30DdF4C+5/UYpg3/Z62OihXRESDpv9NQ==\n"
    "-----END EC PRIVATE KEY-----\n";
// A curve that is read and not used
constexpr const char kSecp224r1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MGgCAQEEHAQqqXMwCeR+0isJGpqwG9wv/50EFhlMGpEey0egBwYFK4EEACGhPAM6\n"
    "AAQELZkW/cPaScx9/TOtCamUDd3aUzo4xZl3hC88aOP3uwhtRGM5MRnERXy7lhaF\n"
    "VNveN2g5KJRGIQ==\n"
    "-----END EC PRIVATE KEY-----\n";
// A curve that BoringSSL does not know
constexpr const char kSecp256k1[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHQCAQEEILL+DNhrI+8NDskVGjKMPIHuhQiNwK7uAtbRUQz9Bh/1oAcGBSuBBAAK\n"
    "oUQDQgAEYpm3kCkWx7FjmTUEkNOX/f2LDJt8loF2/7TNPGXXumGD+fL7sGAOl7xE\n"
    "pFL03gFQtA3VgIabDRBKLMRHcU3BRA==\n"
    "-----END EC PRIVATE KEY-----\n";
// Agrees on keys, and signs nothing
constexpr const char kX25519[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VuBCIEILiqJLTrik0KvRQgXIpM2ydPmPF5I7SKwCT7xB6QAmtc\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char kX25519Public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VuAyEA1xzH2tlPKLH/7vmKh3lZb+oDhRqhM+p4B6BWsj5BoUs=\n"
    "-----END PUBLIC KEY-----\n";

// ECDSA with SHA-256, in DER
constexpr const char kEcDerSignature[] =
    "MEUCIBWIw3Ile77HcWDLhHo3pBxciZ0urmSkRPO0CSW0VmkyAiEAnEBma0P+oOBREEv5NSbE8LdJG5T/LNb39r88"
    "SHtpKCc=";
// PKCS#1 with SHA-384
constexpr const char kRsaPkcs1Signature[] =
    "CXKxRhneshF+Xzo0MO5MSut6xESFCIbs3oytEiwv/YoUCgTIKMa5+HMDL+9x+Dt/pOxDKB/iWLITLkGxDcqigswN"
    "w7TbAFgXyHH/QkVeX+vw7D4bOVA5aixnp1YL1AsrGfx5JwEeiGGrdkqo2tnNqjoUnbXLo8OgRRmJiKH9Cb6zGUWy"
    "KB6foxkQg+MnOLRjtdSw2i+bEiVa9eaPkQWU4JSEhVkfAtPV8xETTEQHsK9BDfEnweoz3zN5ZxV7uEWVxXEeAcbu"
    "Y8wDssGajCka0Glj//D58vLAD9ObIYCqSAUSb/vnSrN5VZEkwWcJb07bo3yuo56A1Dijmpd+pYRRYg==";
// PSS with SHA-512 and 64 bytes of salt
constexpr const char kRsaPssSignature[] =
    "V6pjQe5+h2KUEJNjoGTSZlZTmB7u3qA+xJ3XTK/jtcrSjWnTgGtgxpxoXehUmtzTGbftw8B3BnkTyeiZdXzX5UzL"
    "W84LPNG0vtjUDseIK3wdgkbhYoI7UDOGTtugUqJ3jFFd51S6RfZ+rpRBMpB8P/d6ijxYJKYAgKAA65xLb1R3oU38"
    "L5Wu5+77trXA6QQHfMVbx8OTApGToOv09vN6eu7rCpIp1Aw8WQhUd6+Dq2cCe6vUWNlvoymSCkGgZUhH0/lRdHQn"
    "0aUpOONh0u2CpUSsBe2Wp13/f9DB3X9sO5qHSMQcwf7NuxIq+/xc9/Xi+hUzB61FMByp0WmP3UpMzQ==";
// The same with 20 bytes of salt
constexpr const char kRsaPssOddSaltSignature[] =
    "Td1zWOFJGfNJsAsOnI3bIbG/Zmh353fMOwFPyiAavYmZn0xQEWdM8gOqIkqu5LBGiyyYLL50Wq1hEBLD29+3DO84"
    "vNGtbBMIGolsmSidNNbFLiV/c7EaQ/yE0ZoZxCj7tmS2NbXMuqxxF772KU+qJI+mephegDI6neIrU88MxGSuMTbZ"
    "coNztPG36kyv/xSAKFstAqxVtwLBSyVtgdMZ1dq/zuVnxrPEKtALmSoMa9avSS5E62bdMmF2YDU5LwDuwmw1HLdv"
    "YXBQGcW5NqCqAodRZOXP4JiRXFJChUyZM86GTgJD2SnOs+PQPAJctwDYW6Cyazd7NdgqijAR5t1C0w==";

}  // namespace tollgate::crypto
