// Run inside Thunderbird, once for each mail: its recipient opens it and presses the button that Thunderbird offers.
// `mail` is the mail as it was received, one character a byte. thunderbird.py explains the others and the result.
/* global arguments, ChromeUtils, Ci, Cc, Components */
const [mail, email, answer, sure, smtpPort] = arguments;
const done = arguments[arguments.length - 1];
const load = (name) => ChromeUtils.importESModule(`resource:///modules/${name}.sys.mjs`);
const { cal } = load("calendar/calUtils");
const { MailServices } = load("MailServices");
const { MimeParser } = load("mimeParser");
const INBOX = "Received";

function ownCalendar() {
  const [calendar] = cal.manager.getCalendars();
  if (!MailServices.accounts.allIdentities.length) {
    setUp(calendar);
  }
  return calendar;
}

function setUp(calendar) {
  const [user, host] = email.split("@");
  const { accounts } = MailServices;
  accounts.createLocalMailAccount();
  const identity = accounts.createIdentity();
  identity.email = email;
  identity.doFcc = false;
  identity.smtpServerKey = outgoingServer().key;
  const account = accounts.createAccount();
  account.incomingServer = accounts.createIncomingServer(user, host, "pop3");
  account.addIdentity(identity);
  calendar.setProperty("disabled", false);
  calendar.setProperty("imip.identity.key", identity.key);
  localFolder().createLocalSubfolder(INBOX);
}

function outgoingServer() {
  const server = MailServices.outgoingServer.createServer("smtp").QueryInterface(Ci.nsISmtpServer);
  server.hostname = "127.0.0.1";
  server.port = smtpPort;
  return server;
}

function localFolder() {
  return MailServices.accounts.localFoldersServer.rootFolder.QueryInterface(Ci.nsIMsgLocalMailFolder);
}

function receive() {
  const inbox = localFolder().getChildNamed(INBOX).QueryInterface(Ci.nsIMsgLocalMailFolder);
  return inbox.addMessage(`From - Thu Jan 01 00:00:00 1970\n${mail}`);
}

// The calendar part that a mail program shows, and the method in its header.
function calendarPart() {
  const types = new Map();
  const texts = new Map();
  const parts = {
    startPart: (number, headers) => types.set(number, headers.contentType),
    deliverPartData: (number, data) => texts.set(number, (texts.get(number) ?? "") + data),
  };
  MimeParser.parseSync(mail, parts, { bodyformat: "decode", strformat: "unicode" });
  const numbers = [...types.keys()].filter((number) => types.get(number).type === "text/calendar");
  if (numbers.length !== 1) {
    throw new Error(`${numbers.length} calendar parts`);
  }
  return { method: types.get(numbers[0]).get("method"), text: texts.get(numbers[0]) };
}

function invitation(calendar) {
  const { method, text } = calendarPart();
  const item = Cc["@mozilla.org/calendar/itip-item;1"].createInstance(Ci.calIItipItem);
  item.init(text);
  cal.itip.initItemFromMsgData(item, method, receive());
  item.targetCalendar = calendar;
  return item;
}

function press(button, isRequest) {
  return new Promise((resolve, reject) => {
    const onOperationComplete = (_calendar, status, _kind, _id, detail) =>
      Components.isSuccessCode(status) ? resolve() : reject(new Error(`it did not work: ${detail}`));
    const responseMode = answer ? Ci.calIItipItem.AUTO : Ci.calIItipItem.NONE;
    button({ onOperationComplete }, isRequest ? answer || "ACCEPTED" : null, { responseMode });
  });
}

// Before it brings back what was deleted, Thunderbird asks whether that is meant (executeAction in calItipUtils).
function wasDeleted(item) {
  const deleted = Cc["@mozilla.org/calendar/deleted-items-manager;1"].getService(Ci.calIDeletedItems);
  return Boolean(deleted.getDeletedDate(item.getItemList()[0].id));
}

async function read() {
  const calendar = ownCalendar();
  const item = invitation(calendar);
  const button = await new Promise((resolve) => {
    const offer = (_item, status, action) => resolve(Components.isSuccessCode(status) ? action : null);
    cal.itip.processItipItem(item, offer);
  });
  const asked = Boolean(button) && wasDeleted(item);
  if (button && (sure || !asked)) {
    await press(button, item.receivedMethod === "REQUEST");
  }
  const held = await calendar.getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);
  return {
    asked,
    offered: button ? button.method : null,
    held: held.map((event) => ({
      uid: event.id,
      starts_at: event.startDate.icalString,
      ends_at: event.endDate.icalString,
      summary: event.title,
      status: event.status,
    })),
  };
}

read().then(done, (error) => done({ error: `${error}\n${error.stack}` }));
