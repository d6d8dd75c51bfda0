"""The module `network` of an ESP32: one Wi-Fi station; the access point interface is there and does nothing."""

from _board import host, check

STA_IF = 0
AP_IF = 1

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204
STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY = 210
STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD = 211
STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD = 212

MODE_11B = 1
MODE_11G = 2
MODE_11N = 4
MODE_LR = 8

AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4
AUTH_WPA3_PSK = 6

PHY_LAN8710 = 0
PHY_LAN8720 = 0
PHY_LAN8670 = 5
PHY_IP101 = 1
PHY_RTL8201 = 2
PHY_DP83848 = 3
PHY_KSZ8041 = 4
PHY_KSZ8081 = 4
PHY_GENERIC = 6

ETH_INITIALIZED = 0
ETH_STARTED = 1
ETH_STOPPED = 2
ETH_CONNECTED = 3
ETH_DISCONNECTED = 4
ETH_GOT_IP = 5

_REFUSALS = {
    -1001: "Wifi Not Started",
    -1002: "Wifi Internal State Error",
    -1003: "Wifi Not Connected",
}
_NAME_MAX = 32

_hostname = "mpy-esp32"
_country = "XX"


def _allowed(result):
    if result in _REFUSALS:
        raise OSError(_REFUSALS[result])
    return result


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    if len(name) > _NAME_MAX:
        raise ValueError
    _hostname = name


def country(code=None):
    global _country
    if code is None:
        return _country
    _country = code


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    SEC_OPEN = AUTH_OPEN
    SEC_WPA2 = AUTH_WPA2_PSK
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    _each = {}

    def __new__(cls, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        wlan = cls._each.get(interface)
        if wlan is None:
            wlan = cls._each[interface] = object.__new__(cls)
            wlan._station = interface == STA_IF
            wlan._settings = {
                "pm": 1,
                "txpower": 20,
                "channel": 1,
                "protocol": 7,
                "reconnects": -1,
                "security": 0,
            }
            wlan._ap_active = False
        return wlan

    def __init__(self, interface=STA_IF):
        pass

    def active(self, flag=None):
        if not self._station:
            if flag is not None:
                self._ap_active = bool(flag)
            return self._ap_active
        return host.wlan_active(-1 if flag is None else 1 if flag else 0) == 1

    def connect(self, ssid=None, key=None, *, bssid=None):
        _allowed(host.wlan_connect(_text(ssid), _text(key)))

    def disconnect(self):
        _allowed(host.wlan_disconnect())

    def isconnected(self):
        return self._station and host.wlan_connected() == 1

    def status(self, what=None):
        if what is None:
            return host.wlan_status() if self._station else None
        if what == "rssi":
            return _allowed(host.wlan_rssi())
        if what == "stations" and not self._station:
            return []
        raise ValueError("unknown status param")

    def ifconfig(self, setting=None):
        if setting is None:
            if self._station:
                return tuple(host.wlan_addresses().split(","))
            return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")

    def ipconfig(self, name=None, **settings):
        if name is None:
            return
        address, mask, gateway, _ = self.ifconfig()
        if name == "addr4":
            return (address, mask)
        if name == "gw4":
            return gateway
        if name == "dhcp4":
            return self._station
        if name == "has_dhcp4":
            return self.isconnected()
        raise ValueError("unexpected key")

    def config(self, name=None, **settings):
        if name is None:
            for key, value in settings.items():
                self._configure(key, value)
            return
        if name == "mac":
            from binascii import unhexlify

            mac = bytearray(unhexlify(host.machine_mac()))
            mac[5] = (mac[5] + (0 if self._station else 1)) & 0xFF
            return bytes(mac)
        if name in ("hostname", "dhcp_hostname"):
            return _hostname
        if name in ("ssid", "essid"):
            return self._settings.get("ssid", "")
        if name in self._settings:
            return self._settings[name]
        raise ValueError("unknown config param")

    def _configure(self, key, value):
        if key in ("hostname", "dhcp_hostname"):
            hostname(value)
        elif key == "reconnects":
            host.wlan_attempts(0 if value < 0 else value + 1)
            self._settings[key] = value
        elif (
            key in ("mac", "ssid", "essid", "key", "password", "authmode", "hidden", "max_clients")
            or key in self._settings
        ):
            self._settings[key] = value
        else:
            raise ValueError("unknown config param")

    def scan(self):
        if not self.active():
            raise OSError("STA must be active")
        found = host.wlan_scan()
        if not isinstance(found, str):
            check(found)
        result = []
        for index, line in enumerate(found.split("\n") if found else ()):
            ssid, rssi, locked = line.split("\t")
            security = AUTH_WPA2_PSK if locked == "1" else AUTH_OPEN
            result.append(
                (ssid.encode(), bytes((2, 0, 0, 0, 0, index)), 1, int(rssi), security, False)
            )
        return result


class LAN:
    """The chip's Ethernet port; its cable leads to the network that Wi-Fi leads to."""

    _one = None

    def __new__(cls, *args, **keywords):
        if cls._one is None:
            for name in ("mdc", "mdio", "phy_type", "phy_addr"):
                if name not in keywords and not args:
                    raise TypeError("'%s' argument required" % name)
            cls._one = object.__new__(cls)
        return cls._one

    def __init__(self, *args, **keywords):
        pass

    def active(self, flag=None):
        return host.lan_active(-1 if flag is None else 1 if flag else 0) == 1

    def status(self):
        return host.lan_status()

    def isconnected(self):
        return host.lan_status() == ETH_GOT_IP

    def ifconfig(self, setting=None):
        if setting is None:
            return tuple(host.lan_addresses().split(","))

    def ipconfig(self, name=None, **settings):
        if name is None:
            return
        address, mask, gateway, _ = self.ifconfig()
        if name == "addr4":
            return (address, mask)
        if name == "gw4":
            return gateway
        if name == "dhcp4":
            return True
        if name == "has_dhcp4":
            return self.isconnected()
        raise ValueError("unexpected key")

    def config(self, name=None, **settings):
        if name == "mac":
            from binascii import unhexlify

            mac = bytearray(unhexlify(host.machine_mac()))
            mac[5] = (mac[5] + 3) & 0xFF
            return bytes(mac)
        if name is not None or any(key != "mac" for key in settings):
            raise ValueError("unknown config param")


def _text(value):
    return value.decode() if isinstance(value, (bytes, bytearray)) else value
