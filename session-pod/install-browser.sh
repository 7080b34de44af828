#!/bin/sh
# Installs Debian's Chromium into an image: install-browser.sh chromium-headless-shell|chromium. The image of sessions
# calls it where Docker builds; where no registry is, the rootfs of its base image is made with it. An apt that knows the
# security suite gives the current version: the main suite's is months older.
set -eu
browser=${1:?name the package of the browser}
executable="/usr/lib/chromium/$browser"
[ ! -x "$executable" ] || exit 0

export DEBIAN_FRONTEND=noninteractive
apt-get update
# Names, messages and emoji of most scripts; Chinese, Japanese and Korean would be 90 MB more, and nobody looks at the page.
apt-get install --yes --no-install-recommends "$browser" fontconfig fonts-noto-core fonts-noto-color-emoji

# What only a screen needs and a page without one never loads: drivers of graphics cards (and the compiler that they bring),
# menus, icons, fonts of print. And the sandbox of kernels without user namespaces: setuid has no effect in a session's pod.
rm -rf /usr/lib/*/dri /usr/lib/*/libgallium* /usr/lib/*/libLLVM* /usr/lib/*/libz3.so* /usr/lib/chromium/libVkLayer* \
  /usr/lib/chromium/chrome-sandbox /usr/share/applications /usr/share/icons /usr/share/X11/locale
find /usr/share/fonts -name 'NotoSerif*' -delete
find /usr/share/doc -type f ! -name copyright -delete
rm -rf /usr/share/man /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/*
mkdir -p /var/cache/apt/archives/partial
# The root file system of a session is read-only: without a cache each browser would look through all fonts at its start. The
# cache holds the time of each folder, of which an image keeps the whole seconds.
find /usr/share/fonts /usr/local/share/fonts -type d -exec touch --date=@1000000000 {} +
fc-cache --force

# A library that went too far shows here, not in the first session.
"$executable" --version
