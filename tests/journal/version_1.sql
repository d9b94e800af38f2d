-- A journal as version 1 wrote it: one saved job, one unknown. Never edited.
BEGIN TRANSACTION;
CREATE TABLE job (
        row_id INTEGER PRIMARY KEY,
        ordinal INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        copy INTEGER NOT NULL,
        provider TEXT NOT NULL,
        key_space TEXT NOT NULL,
        base_url TEXT NOT NULL,
        key_fingerprint TEXT NOT NULL,
        path TEXT NOT NULL,
        query_path TEXT,
        model TEXT NOT NULL,
        kind TEXT NOT NULL,
        prompt TEXT NOT NULL,
        request TEXT,
        output_dir TEXT NOT NULL,
        media_sha256 TEXT,
        state TEXT NOT NULL,
        writer TEXT NOT NULL DEFAULT '',
        generation_id TEXT,
        aliases TEXT,
        status TEXT NOT NULL DEFAULT '',
        result TEXT,
        error TEXT,
        response TEXT,
        remote TEXT,
        saved TEXT,
        usage TEXT,
        stem TEXT,
        created_at REAL NOT NULL,
        sending_at REAL,
        accepted_at REAL,
        ended_at REAL,
        collected_at REAL,
        provider_created_at REAL,
        expires_at REAL,
        poll_deadline REAL,
        UNIQUE (fingerprint, ordinal)
    );
INSERT INTO "job" VALUES(1,0,'967c665d9c96f3572b0ec41364b33ba7760c28b86fbd5259449f9d89378be4ac',0,'skills.video','skills.video','https://open.skills.example/api/v1','0123456789ab','/generation/poll/m','/generation/{id}','m','image','a cat','{"prompt":"a cat"}','generated','[]','collected','dda6f51eb18a4a40aaca8afc2a18551c','gen-1','[["video_id","v-1"]]','COMPLETED','succeeded',NULL,'{"status":"COMPLETED"}','[{"url":"https://files.example/a.png?sign=1","kind":"","role":""}]','[{"path":"generated/a.png","url":"https://files.example/a.png?sign=1","sha256":"abababababababababababababababababababababababababababababababab"}]','{"credits":1}','a-cat-00000000',1600.0,1600.0,1600.0,1600.0,1600.0,NULL,NULL,NULL);
INSERT INTO "job" VALUES(2,0,'ae8578e9e7d763d5a19007963aaa06fa3530522dffeadd66e2778b40f287f353',0,'skills.video','skills.video','https://open.skills.example/api/v1','0123456789ab','/generation/poll/m','/generation/{id}','m','image','a dog','{"prompt":"a dog"}','generated','[]','unknown','dda6f51eb18a4a40aaca8afc2a18551c',NULL,NULL,'',NULL,'{"code":"outcome_unknown"}',NULL,NULL,NULL,NULL,NULL,1600.0,1600.0,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE known_id (
        value TEXT NOT NULL,
        row_id INTEGER NOT NULL,
        PRIMARY KEY (value, row_id)
    ) WITHOUT ROWID;
INSERT INTO "known_id" VALUES('gen-1',1);
INSERT INTO "known_id" VALUES('v-1',1);
CREATE INDEX job_by_state ON job (state);
COMMIT;
PRAGMA application_id = 1734700653;
PRAGMA user_version = 1;
